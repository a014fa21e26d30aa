//! The page of histories: what workers left, as bytes that root does not look into.
//!
//! Invariant: an answer is one piece, bounded and read on a thread of its own, so that root's loop and its memory bear no more
//! whoever asks for how much. Nothing is kept from one answer to the next: whoever puts pieces together sees for itself whether
//! they belong together.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode};

use super::reporting::{on_thread, refusal};
use super::{Ask, Caller, ask, gone, respond, words};
use crate::base::limits;
use crate::config;
use crate::wire::history::VERSION;

/// What is asked for with.
const USAGE: &str = "write ?tenant=NAME, and &at=NUMBER for what stands from there on\n";

/// The version of what workers write (`u16`), then where the next piece of a tenant's history stands (`u64`, both
/// little-endian) and its bytes; nothing behind the version where there is none.
pub async fn piece(query: Option<&str>, caller: &Caller) -> Response<Full<Bytes>> {
    let Some((tenant, from)) = asked(query) else { return words(StatusCode::BAD_REQUEST, USAGE) };
    let file = match ask(&caller.asks, |reply| Ask::History(tenant, reply)).await {
        None => return gone(),
        Some(None) => {
            return words(StatusCode::NOT_FOUND, "there is no such tenant, or nothing that its worker left\n");
        }
        Some(Some(file)) => file,
    };
    let read = match caller.reports.place() {
        Ok(place) => on_thread(&place, move || file.piece(from, limits::HISTORY_PIECE_BYTES_MAX)).await,
        Err(refused) => Err(refused),
    };
    match read {
        Err(refused) => refusal(refused),
        Ok(Err(error)) => words(StatusCode::INTERNAL_SERVER_ERROR, &format!("it cannot be read: {error}\n")),
        Ok(Ok(piece)) => {
            let piece = piece.map_or_else(Vec::new, |(at, bytes)| [&at.to_le_bytes()[..], &bytes].concat());
            // Workers are of the same build as we are, or they are not let in.
            let body = [&VERSION.to_le_bytes()[..], &piece].concat();
            respond(StatusCode::OK, "application/octet-stream", body.into())
        }
    }
}

fn asked(query: Option<&str>) -> Option<(String, u64)> {
    let (tenant, from) = match query?.split_once('&') {
        Some((tenant, from)) => (tenant, from.strip_prefix("at=")?.parse().ok()?),
        None => (query?, 0),
    };
    let tenant = tenant.strip_prefix("tenant=").filter(|name| config::is_tenant_name(name))?;
    Some((tenant.to_owned(), from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_not_guessed() {
        assert_eq!(asked(Some("tenant=ops")), Some(("ops".to_owned(), 0)));
        assert_eq!(asked(Some("tenant=ops&at=4096")), Some(("ops".to_owned(), 4096)));
        for query in [
            None,
            Some(""),
            Some("tenant="),
            Some("tenant=a/b"),
            Some("at=1"),
            Some("tenant=a&at=-1"),
            Some("tenant=a&at=1&x"),
        ] {
            assert_eq!(asked(query), None, "{query:?}");
        }
    }
}
