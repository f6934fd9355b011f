//! `.Files` as documentation templates see it: every file of the chart, those that `.helmignore` names among them. Unlike in
//! Helm, its paths begin with the directory of the chart, and a pattern that is not valid matches nothing.

use super::{MAX_BYTES, join};
use crate::chart::Boundary;
use crate::engine::helm::glob;
use crate::gotmpl::{Args, Entries, Error, Field, Object, Result, Value};
use crate::world::{FileKind, Walk, World};
use std::any::Any;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// The files of a chart, or those that a pattern matches.
pub(super) struct Files {
    /// The directory of the chart.
    directory: String,
    by_path: BTreeMap<Arc<str>, Rc<ChartFile>>,
}

/// A file, which is read on first use.
struct ChartFile {
    path: Arc<str>,
    /// Where it is read from; nothing if it is not a regular file, or a link that leads out of the chart.
    outside: Option<(World, PathBuf)>,
    data: OnceCell<Result<Arc<[u8]>, String>>,
}

impl Files {
    /// The files in a directory. Links to directories are not followed.
    pub(super) fn list(world: &World, directory: &str) -> Self {
        let root = Path::new(directory);
        let boundary = world.canonical(root).ok().map(|root| Boundary::new(world, root));
        let is_inside = |path: &Path| {
            let link = boundary.as_ref().map(|boundary| boundary.crossed_by(path, None));
            link.is_some_and(|link| link.is_none_or(|link| link.is_followed()))
        };
        let mut by_path = BTreeMap::new();
        for entry in Walk::new(world, root).filter_map(std::result::Result::ok) {
            let inner = entry.path.strip_prefix(root).unwrap_or(&entry.path).to_str();
            let Some(inner) = inner.filter(|_| entry.kind != FileKind::Directory) else { continue };
            let path: Arc<str> = join(directory, inner).into();
            let is_read = world.is_file(&entry.path) && is_inside(&entry.path);
            let outside = is_read.then(|| (world.clone(), entry.path.clone()));
            let file = ChartFile { path: Arc::clone(&path), outside, data: OnceCell::new() };
            by_path.insert(path, Rc::new(file));
        }
        Self { directory: directory.to_owned(), by_path }
    }

    /// The content of a file; nothing if there is none of that name.
    fn get(&self, name: Option<&str>) -> Result<Arc<[u8]>> {
        let path = name.map(|name| join(&self.directory, name));
        path.and_then(|path| self.by_path.get(path.as_str()))
            .map_or_else(|| Ok(Arc::from([])), |file| file.data())
    }

    /// The files that match a pattern.
    fn glob(&self, pattern: Option<&str>) -> Self {
        let pattern = pattern.and_then(|pattern| glob(&join(&self.directory, pattern)));
        let is_match = |path: &str| pattern.as_ref().is_some_and(|pattern| pattern.is_match(path));
        let matching = self.by_path.iter().filter(|(path, _)| is_match(path));
        Self {
            directory: self.directory.clone(),
            by_path: matching.map(|(path, file)| (Arc::clone(path), Rc::clone(file))).collect(),
        }
    }

    /// The lines of a file, whose name here is its whole path.
    fn lines(&self, path: Option<&str>) -> Result<Value> {
        let Some(file) = path.and_then(|path| self.by_path.get(path)) else {
            return Ok(Value::strings::<&[u8]>([]));
        };
        Ok(Value::strings(file.data()?.split(|byte| *byte == b'\n')))
    }

    /// `AsConfig` and `AsSecrets`: a YAML map from base names to contents.
    fn as_yaml(&self, convert: impl Fn(&[u8]) -> Value) -> Result<Value> {
        if self.by_path.is_empty() {
            return Ok(Value::str(""));
        }
        let entry = |(path, file): (&Arc<str>, &Rc<ChartFile>)| {
            Ok((Arc::from(path.rsplit('/').next().unwrap_or(path)), convert(&file.data()?)))
        };
        let entries = self.by_path.iter().map(entry).collect::<Result<Entries>>()?;
        Ok(Value::map(entries).to_go_yaml()?.into())
    }

    /// `AsMap`: the files by their paths.
    fn as_map(&self) -> Value {
        let entry = |(path, file): (&Arc<str>, &Rc<ChartFile>)| {
            (Arc::clone(path), Value::Object(Rc::clone(file) as Rc<dyn Object>))
        };
        Value::map(self.by_path.iter().map(entry).collect::<Entries>())
    }
}

impl Object for Files {
    fn type_name(&self) -> &'static str {
        "document.files"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        let wanted = match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => 1,
            "AsConfig" | "AsMap" | "AsSecrets" => 0,
            _ => return None,
        };
        if let Err(error) = args.takes(name, wanted) {
            return Some(Err(error));
        }
        let argument = if wanted == 0 { Ok(None) } else { args.name(0) };
        Some(argument.and_then(|argument| match name {
            "Get" => Ok(Value::from_bytes(&self.get(argument)?)),
            "GetBytes" => Ok(Value::Bytes(self.get(argument)?.into())),
            "Glob" => Ok(Value::Object(Rc::new(self.glob(argument)))),
            "Lines" => self.lines(argument),
            "AsMap" => Ok(self.as_map()),
            "AsConfig" => self.as_yaml(Value::from_bytes),
            _ => self.as_yaml(|data| {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(data).into()
            }),
        }))
    }

    fn display(&self) -> String {
        format!("{{{} {}}}", self.directory, self.as_map())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl ChartFile {
    /// The content; nothing if it cannot be read.
    fn data(&self) -> Result<Arc<[u8]>> {
        let read = || {
            let Some((world, path)) = &self.outside else { return Ok(Arc::from([])) };
            let data = world.read(path, MAX_BYTES + 1).unwrap_or_default();
            if data.len() as u64 > MAX_BYTES {
                return Err(format!("`{}` is larger than {} MiB", self.path, MAX_BYTES >> 20));
            }
            Ok(Arc::from(data))
        };
        self.data.get_or_init(read).clone().map_err(Error::new)
    }
}

impl Object for ChartFile {
    fn type_name(&self) -> &'static str {
        "*document.fileEntry"
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        match name {
            "Path" if args.is_empty() => Some(Ok(Value::Str(Arc::clone(&self.path)))),
            "GetData" => Some(args.takes(name, 0).and_then(|()| Ok(Value::Bytes(self.data()?.into())))),
            _ => None,
        }
    }

    fn display(&self) -> String {
        format!("&{{{} []}}", self.path)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(vec![Field::plain("Path", Value::Str(Arc::clone(&self.path)))])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
