//! A network of two namespaces with a bridge in between, whose port can be taken down. Needs root and iproute2.
//!
//! Invariant: when it is gone, so are its namespace, its bridge and its pair of interfaces.

use std::process::Command;

/// This namespace, in which the bridge is, and one of its own behind the bridge's port.
pub struct Bridge {
    name: String,
}

/// Of the bridge: where those behind it find this namespace. Of the block for benchmarks (RFC 2544), which nobody routes.
pub const ADDRESS: &str = "198.18.77.1";
const BEHIND: &str = "198.18.77.2";

/// A command that is given another environment is looked for in that.
fn program() -> &'static str {
    let places = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"];
    places.into_iter().find(|place| std::path::Path::new(place).exists()).unwrap_or("ip")
}

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new(program()).args(arguments.split(' ')).output();
    let output = output.map_err(|error| format!("ip cannot be started: {error}; apt-get install iproute2"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("ip {arguments}: {said}")) }
}

// === impl Bridge ===

impl Bridge {
    /// Not two at a time: the addresses are always the same.
    pub fn new() -> Result<Bridge, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("a network to cut needs root".to_owned());
        }
        let name = format!("ub{}", std::process::id());
        let bridge = Bridge { name };
        let name = &bridge.name;
        for step in [
            format!("netns add {name}"),
            format!("link add {name}b type bridge"),
            format!("link add {name}p type veth peer name {name}i netns {name}"),
            format!("link set {name}p master {name}b"),
            format!("addr add {ADDRESS}/24 dev {name}b"),
            format!("link set {name}b up"),
            format!("link set {name}p up"),
            format!("-n {name} addr add {BEHIND}/24 dev {name}i"),
            format!("-n {name} link set {name}i up"),
            format!("-n {name} link set lo up"),
        ] {
            ip(&step)?;
        }
        Ok(bridge)
    }

    /// The same command behind the bridge.
    pub fn behind(&self, command: &Command) -> Command {
        let mut within = Command::new(program());
        within.args(["netns", "exec", &self.name]).arg(command.get_program()).args(command.get_args());
        within.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            within.current_dir(folder);
        }
        within
    }

    /// Takes the bridge's port down: nothing goes through, and nobody is told.
    pub fn cut(&self) -> Result<(), String> {
        ip(&format!("link set {}p down", self.name))
    }

    pub fn join(&self) -> Result<(), String> {
        ip(&format!("link set {}p up", self.name))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let name = &self.name;
        for step in [format!("link del {name}b"), format!("link del {name}p"), format!("netns del {name}")] {
            // What was never made cannot be removed.
            let _ = ip(&step);
        }
    }
}
