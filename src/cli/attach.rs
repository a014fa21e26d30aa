//! `unblink attach`, and what is told when no daemon answers.

use super::args::Attach;
use super::console;
use super::failure::Failure;
use super::places::{self, Door, Sockets};
use crate::client::{self, Attempt, ClientError, Daemon, Options};
use crate::machine::reconnect::Parting;
use crate::runtime;
use crate::sink::capability::Environment;
use crate::sys::socket::ConnectError;

pub fn run(mut attach: Attach) -> Result<(), Failure> {
    if let Some(device) = attach.device.take() {
        return console::run(device, attach);
    }
    let Sockets { paths, refused } = places::sockets(Door::Attach, attach.socket);
    let mut daemon = Daemon::Sockets(paths);
    let terminal = Environment::read().capabilities(attach.look.wishes());
    let ended = runtime::block_on(async {
        let terminal = match terminal {
            Ok(terminal) => terminal,
            Err(dumb) => return Err(client::first_trouble(&mut daemon, dumb.into()).await),
        };
        let params = attach.params.into_iter().collect();
        let options = Options {
            board: attach.board,
            params,
            theme: attach.look.theme(),
            terminal,
            inline: attach.inline,
            mouse: !attach.no_mouse,
        };
        client::run(options, daemon).await
    });
    ended.map_err(Failure::runtime)?.map_err(|error| failure(error, refused))
}

/// A client's error as an exit code and words.
pub fn failure(error: ClientError, refused: Vec<Attempt>) -> Failure {
    match error {
        ClientError::Unreachable(attempts) => unreachable(Door::Attach, refused.into_iter().chain(attempts).collect()),
        ClientError::NoDaemon { path, why } => Failure::unreachable(format!(
            "what listens at {} is no daemon, or one that hangs: {why}\nName the attach socket of a daemon with {}, or \
             start one with `unblink serve`. `ss -xlp` tells who listens where.",
            path.display(),
            Door::Attach.flag(),
        )),
        ClientError::Refused { parting: Parting::NotAllowed, text } => Failure::not_allowed(text),
        error => Failure::runtime(error),
    }
}

/// Every socket tried, why it did not answer, and what to do.
pub fn unreachable(door: Door, attempts: Vec<Attempt>) -> Failure {
    let mut text = String::from("no daemon answers");
    for attempt in &attempts {
        text.push_str(&format!("\n  {}: {}", attempt.path.display(), attempt.error));
    }
    // A socket of our own that is stale is the nearer trouble: the one we may not use is somebody else's.
    let mut there = attempts.iter().filter(|attempt| !matches!(attempt.error, ConnectError::Absent)).peekable();
    let denied = there.peek().is_some() && there.all(|attempt| matches!(attempt.error, ConnectError::Denied));
    let stale = attempts.iter().any(|attempt| matches!(attempt.error, ConnectError::Stale));
    let remedy = if denied {
        format!(
            "Have an administrator put you into the group {group} (`usermod -aG {group} YOU`) and log in again, or start \
             a daemon of your own with `unblink serve`.",
            group = door.group()
        )
    } else if stale {
        "Start the daemon again with `unblink serve` (it takes the stale socket over), or see why it ended: \
         `systemctl status unblink`."
            .to_owned()
    } else {
        format!(
            "Start a daemon with `unblink serve`, name its socket with {}, or look at this machine alone with \
             `unblink demo`.",
            door.flag()
        )
    };
    text.push_str(&format!("\n{remedy}"));
    if denied { Failure::not_allowed(text) } else { Failure::unreachable(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(errors: Vec<ConnectError>) -> String {
        let attempts = errors.into_iter().map(|error| Attempt { path: "/a.sock".into(), error });
        format!("{:?}", unreachable(Door::Attach, attempts.collect()))
    }

    #[test]
    fn only_where_every_daemon_there_is_says_no_it_is_a_matter_of_rights() {
        use ConnectError::{Absent, Denied, Stale};
        for (errors, code, remedy) in [
            (vec![Absent], 69, "Start a daemon"),
            (vec![Denied], 77, "usermod"),
            (vec![Absent, Denied], 77, "usermod"),
            (vec![Stale, Denied], 69, "takes the stale socket over"),
            (vec![Stale, Absent], 69, "takes the stale socket over"),
            (vec![], 69, "Start a daemon"),
        ] {
            let seen = judged(errors);
            assert!(seen.contains(&format!("code: {code}")) && seen.contains(remedy), "{seen}");
        }
    }
}
