use super::prelude::*;

/// `check_hostPorts.go`: no ports of the node.
pub static HOST_PORTS: Control = Control {
    id: "hostPorts",
    level: Level::Baseline,
    revisions: &[Revision { since: 0, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    // As texts, because the plugin sorts them so.
    let mut ports = BTreeSet::new();
    for container in pod.containers() {
        let used = container.ports().iter().enumerate();
        let used = used.filter_map(|(index, port)| Some((index, port.get("hostPort")?.as_i64()?)));
        let used: Vec<_> = used.filter(|(_, port)| *port != 0).collect();
        offenders.add(container, used.iter().map(|(index, _)| format!("ports[{index}].hostPort")));
        ports.extend(used.iter().map(|(_, port)| port.to_string()));
    }
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "hostPort",
        detail: format!(
            "{} {} {} {}",
            offenders.containers(),
            pluralize("uses", "use", offenders.len()),
            pluralize("hostPort", "hostPorts", ports.len()),
            ports.into_iter().collect::<Vec<_>>().join(", ")
        ),
        paths: offenders.paths,
    })
}
