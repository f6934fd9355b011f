//! The preview for a terminal.

use super::{Preview, Resources, format_quantity};
use crate::diag::escape::terminal;
use std::fmt::Write as _;

/// Tables as kubectl prints them, each under a heading; empty ones are left out.
pub fn table(preview: &Preview) -> String {
    let mut out = String::new();
    let workloads: Vec<Vec<String>> = preview
        .workloads
        .iter()
        .map(|w| {
            vec![
                format!("{}/{}", w.kind.to_lowercase(), w.name),
                w.replicas.map_or_else(|| "varies".to_owned(), |replicas| replicas.to_string()),
                w.start.clone(),
                w.update.clone(),
            ]
        })
        .collect();
    section("WORKLOADS", &["NAME", "PODS", "START ORDER", "UPDATE ORDER"], &workloads, &mut out);
    let pods: Vec<Vec<String>> = preview
        .workloads
        .iter()
        .flat_map(|workload| {
            let listed = workload.pods.iter().map(|pod| {
                let claims = if pod.claims.is_empty() { "-".to_owned() } else { pod.claims.join(",") };
                vec![pod.name.clone(), pod.dns.clone().unwrap_or_else(|| "-".to_owned()), claims]
            });
            let known = i64::try_from(workload.pods.len()).unwrap_or(i64::MAX);
            let rest = workload.replicas.unwrap_or_default().saturating_sub(known);
            let more = match (workload.pods.is_empty(), rest) {
                (_, 0) => None,
                (true, rest) => {
                    Some(vec![format!("{}-* ({rest})", workload.name), "-".to_owned(), "-".to_owned()])
                }
                (false, rest) => Some(vec![format!("... and {rest} more"), String::new(), String::new()]),
            };
            listed.chain(more)
        })
        .collect();
    section("PODS", &["NAME", "DNS NAME", "CLAIMS"], &pods, &mut out);
    let services: Vec<Vec<String>> = preview
        .services
        .iter()
        .map(|s| {
            let hooks = s.selected_hooks.iter().map(|hook| format!("{hook} (hook)"));
            let list = |items: &[String]| if items.is_empty() { "-".to_owned() } else { items.join(", ") };
            vec![
                s.name.clone(),
                s.kind.clone(),
                s.cluster_ip.clone(),
                list(&s.ports),
                list(&s.selects.iter().cloned().chain(hooks).collect::<Vec<_>>()).to_lowercase(),
            ]
        })
        .collect();
    section("SERVICES", &["NAME", "TYPE", "CLUSTER-IP", "PORTS", "SELECTS"], &services, &mut out);
    let claims: Vec<Vec<String>> = preview
        .claims
        .iter()
        .map(|c| {
            vec![
                c.name.clone(),
                format_quantity(c.size),
                c.modes.join(","),
                match c.class.as_deref() {
                    None => "(default)".to_owned(),
                    Some("") => "(none)".to_owned(),
                    Some(class) => class.to_owned(),
                },
                c.pod.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    section("CLAIMS", &["NAME", "SIZE", "MODES", "CLASS", "POD"], &claims, &mut out);
    notes(preview, &mut out);
    totals(preview, &mut out);
    out
}

fn notes(preview: &Preview, out: &mut String) {
    let mut lines = Vec::new();
    for workload in &preview.workloads {
        let name = format!("{}/{}", workload.kind.to_lowercase(), workload.name);
        lines.extend(workload.leaves.iter().map(|line| format!("{name}: {line}")));
        lines.extend(workload.warnings.iter().map(|line| format!("{name}: WARNING: {line}")));
    }
    if !lines.is_empty() {
        out.push_str("CLAIM RETENTION\n");
        for line in lines {
            let _ = writeln!(out, "  {}", terminal(&line));
        }
        out.push('\n');
    }
}

fn totals(preview: &Preview, out: &mut String) {
    let totals = &preview.totals;
    let pair = |resources: &Resources| {
        format!("cpu {}, memory {}", format_quantity(resources.cpu), format_quantity(resources.memory))
    };
    let more = if totals.at_least { " or more" } else { "" };
    let _ = writeln!(
        out,
        "TOTAL\n  pods      {}{more}\n  claims    {}, storage {}\n  requests  {}\n  limits    {}",
        totals.pods,
        totals.claims,
        format_quantity(totals.storage),
        pair(&totals.requests),
        pair(&totals.limits)
    );
}

/// A heading and a table whose columns are as wide as their widest cell.
pub(crate) fn section(title: &str, head: &[&str], rows: &[Vec<String>], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| terminal(cell)).collect()).collect();
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([name.chars().count()]).max().unwrap_or_default()
        })
        .collect();
    let _ = writeln!(out, "{title}");
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::from(" ");
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(text, " {cell:<width$} ");
        }
        let _ = writeln!(out, "{}", text.trim_end());
    };
    line(&mut head.iter().copied());
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    out.push('\n');
}
