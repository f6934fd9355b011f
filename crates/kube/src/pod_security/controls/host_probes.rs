use super::prelude::*;

/// The handlers of a container that may name a host.
const HANDLERS: [&str; 5] =
    ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"];

/// `check_hostProbesAndhostLifecycle.go`: probes and hooks ask the pod itself and no other host.
pub static HOST_PROBES: Control = Control {
    id: "hostProbesAndHostLifecycle",
    level: Level::Baseline,
    revisions: &[Revision { since: 34, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let (mut offenders, mut hosts) = (Offenders::default(), BTreeSet::new());
    for container in pod.containers() {
        let fields = HANDLERS
            .iter()
            .flat_map(|handler| ["httpGet", "tcpSocket"].map(|action| format!("{handler}.{action}.host")));
        let named: Vec<_> = fields.filter(|path| !text(container.node, path).is_empty()).collect();
        hosts.extend(named.iter().map(|path| text(container.node, path)));
        offenders.add(container, named);
    }
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "probe or lifecycle host",
        detail: format!(
            "{} {} {} {} {}",
            pluralize("container", "containers", offenders.len()),
            offenders.sorted_names(),
            pluralize("uses", "use", offenders.len()),
            pluralize("probe or lifecycle host", "probe or lifecycle hosts", hosts.len()),
            quote(&hosts)
        ),
        paths: offenders.paths,
    })
}
