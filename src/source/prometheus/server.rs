//! A server as one who asks sees it: who we are to it, one exchange whatever it does, and what it says in words.
//!
//! Invariant: a redirect is never followed, since credentials would go along. Nothing that a server says is repeated
//! before our secrets are taken out of it.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};

use super::super::format::words;
use super::answer::{self, Answer, Refusal};
use super::connection::{Connection, Reply, Trouble};
use super::question;
use crate::base::{Mono, limits};
use crate::event::{Event, SecretOpenToAll};
use crate::model::Secret;
use crate::model::origin::{Credentials, FromFile, Prometheus};
use crate::runtime::{credentials, timer};
use crate::sys::clock;

/// One server, and the connection to it.
pub struct Server {
    source: String,
    facts: Prometheus,
    connection: Option<Connection>,
    /// What is sent with every question of this turn.
    headers: HeaderMap,
    /// What is taken out of everything it says.
    secrets: Vec<Secret>,
    /// Those of them that say who we are: in no label either, where names and words that are sent may stand.
    credentials: Vec<Secret>,
    /// An operator was told of a secret that everybody may read.
    told_open: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// This question is at fault, others may be answered.
    Question(String),
    /// There is no use in asking anything else now.
    Server(String),
}

/// Words in the names of headers that say who we are.
const CREDENTIALS: [&str; 6] = ["auth", "cookie", "key", "pass", "secret", "token"];

// === impl Server ===

impl Server {
    pub fn new(source: &str, facts: Prometheus) -> Server {
        Server {
            source: source.to_owned(),
            facts,
            connection: None,
            headers: HeaderMap::new(),
            secrets: Vec::new(),
            credentials: Vec::new(),
            told_open: false,
        }
    }

    /// A new turn: secrets are read again, so that one that was renewed is taken.
    pub fn prepare(&mut self) -> Result<(), String> {
        self.headers.clear();
        self.secrets = vec![self.facts.prefix.clone()];
        self.credentials.clear();
        let facts = self.facts.clone();
        for (name, value) in &facts.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "a header has no name".to_owned())?;
            self.header(name, value)?;
        }
        match &facts.credentials {
            None => {}
            Some(Credentials::Bearer(token)) => self.bearer(token)?,
            Some(Credentials::BearerFile(file)) => {
                let token = self.read(file)?;
                self.bearer(&token)?;
            }
            Some(Credentials::Basic { user, password }) => self.basic(user, password)?,
            Some(Credentials::BasicFile { user, password }) => {
                let password = self.read(password)?;
                self.basic(user, &password)?;
            }
        }
        let agent = concat!("unblink/", env!("CARGO_PKG_VERSION"));
        self.headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.headers.insert(CONTENT_TYPE, form);
        let host = HeaderValue::from_str(&self.facts.server()).map_err(|_| "its name cannot be sent".to_owned())?;
        self.headers.insert(HOST, host);
        Ok(())
    }

    /// One question and its answer, over a new connection where there is none.
    pub async fn ask(
        &mut self,
        path: &str,
        form: String,
        points_max: usize,
        deadline: Mono,
    ) -> Result<Answer, Failure> {
        let asked = timer::timeout(deadline.since(clock::mono()), self.exchange(path, form, deadline)).await;
        let reply = match asked {
            Ok(Ok(reply)) => reply,
            Ok(Err(why)) => {
                self.connection = None;
                return Err(Failure::Server(self.about(&why)));
            }
            Err(_) => {
                // What is still to come would be taken for the next answer.
                self.connection = None;
                return Err(Failure::Server(self.about(&format!("no answer in {:?}", self.facts.timeout))));
            }
        };
        if reply.status != StatusCode::OK {
            // Of a long one only the beginning was read.
            self.connection = None;
        }
        match answer::read(&reply.body, points_max) {
            Ok(answer) if reply.status == StatusCode::OK => Ok(answer),
            Err(Refusal::Error(error)) if !is_about_us(reply.status) => {
                Err(Failure::Question(words(&self.hide(&error))))
            }
            Err(Refusal::Strange(why)) if reply.status == StatusCode::OK => {
                Err(Failure::Question(format!("what {} says {why}", self.facts.server())))
            }
            other => {
                let said = match other {
                    Err(Refusal::Error(error)) => self.hide(&error),
                    _ => page_words(&self.hide(&String::from_utf8_lossy(&reply.body))),
                };
                Err(Failure::Server(self.about(&self.refused(&reply, &words(&said)))))
            }
        }
    }

    async fn exchange(&mut self, path: &str, form: String, deadline: Mono) -> Result<Reply, String> {
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => Connection::open(&self.facts, deadline).await?,
            };
            let was_proven = connection.is_proven();
            match connection.ask(self.request(path, &form)?).await {
                Ok(reply) => {
                    self.connection = Some(connection);
                    return Ok(reply);
                }
                // One that idled may have been closed; a new one tells.
                Err(Trouble::Closed(_)) if was_proven => {}
                Err(Trouble::Closed(why) | Trouble::Other(why)) => return Err(why),
            }
        }
    }

    fn request(&self, path: &str, form: &str) -> Result<Request<Full<Bytes>>, String> {
        let whole = format!("{}{path}", self.facts.prefix.expose());
        let uri: Uri = whole.parse().map_err(|_| "its path cannot be sent".to_owned())?;
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(form.as_bytes())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    fn bearer(&mut self, token: &Secret) -> Result<(), String> {
        self.header(AUTHORIZATION, &Secret::new(format!("Bearer {}", token.expose())))?;
        self.secrets.push(token.clone());
        self.credentials.push(token.clone());
        Ok(())
    }

    fn basic(&mut self, user: &Secret, password: &Secret) -> Result<(), String> {
        let pair = zeroize::Zeroizing::new(format!("{}:{}", user.expose(), password.expose()));
        let coded = Secret::new(question::base64(pair.as_bytes()));
        self.header(AUTHORIZATION, &Secret::new(format!("Basic {}", coded.expose())))?;
        self.secrets.extend([coded.clone(), password.clone()]);
        self.credentials.extend([coded, password.clone()]);
        Ok(())
    }

    fn header(&mut self, name: HeaderName, value: &Secret) -> Result<(), String> {
        let sent = HeaderValue::from_str(value.expose());
        let mut sent = sent.map_err(|_| format!("the header {name} cannot be sent: it is not printable"))?;
        sent.set_sensitive(true);
        if CREDENTIALS.iter().any(|word| name.as_str().contains(word)) {
            // Behind a word such as Bearer, too.
            let alone = value.expose().split_once(' ').map(|(_, alone)| Secret::new(alone));
            self.credentials.extend(alone.into_iter().chain([value.clone()]));
        }
        self.headers.insert(name, sent);
        self.secrets.push(value.clone());
        Ok(())
    }

    fn read(&mut self, file: &FromFile) -> Result<Secret, String> {
        let (secret, is_open) = credentials::secret(file)?;
        if is_open && !self.told_open {
            self.told_open = true;
            SecretOpenToAll { source: &self.source, key: file.key, path: &file.path }.emit();
        }
        Ok(secret)
    }

    /// A label, without what says who we are.
    pub fn hide_credentials(&self, text: &str) -> String {
        self.credentials.iter().fold(text.to_owned(), |text, secret| secret.hide_in(&text))
    }

    /// A foreign text, without what we sent.
    pub fn hide(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.hide_in(&text))
    }

    fn about(&self, why: &str) -> String {
        format!("{} {why}", self.facts.server())
    }

    /// What an answer that is none means.
    fn refused(&self, reply: &Reply, said: &str) -> String {
        let Reply { status, headers, .. } = reply;
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let remedy = match *status {
            StatusCode::OK => return format!("answers with no JSON; is there a login in front of it?{said}"),
            status if status.is_redirection() => {
                let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
                // What follows a question mark may be a ticket.
                let to = words(&self.hide(to.split(['?', '#']).next().unwrap_or_default()));
                return format!("sends us on to {to:?}, which is not followed; is url right, is there a login?");
            }
            StatusCode::UNAUTHORIZED => "; is it told who we are, by bearer_file or basic?",
            StatusCode::FORBIDDEN => "; who we are may not ask this",
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "; is the path in url right?",
            StatusCode::TOO_MANY_REQUESTS => "; ask it less often",
            _ => "",
        };
        format!("answers {status}{remedy}{said}")
    }
}

/// Statuses that hold for every question, whatever else is said.
fn is_about_us(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
    )
}

/// What a page says to people: its title, or its text without tags; any other text as it is.
fn page_words(text: &str) -> String {
    let start = text.trim_start();
    if !start.starts_with('<') {
        return text.to_owned();
    }
    let lower = start.to_ascii_lowercase();
    if let Some((_, rest)) = lower.split_once("<title").and_then(|(_, rest)| rest.split_once('>')) {
        let at = lower.len() - rest.len();
        let title = start[at..].split('<').next().unwrap_or_default().trim();
        if !title.is_empty() {
            return title.to_owned();
        }
    }
    let texts = start.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim());
    texts.filter(|text| !text.is_empty()).take(limits::ANSWER_WARNINGS_MAX).collect::<Vec<_>>().join(" ")
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.facts.server())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_by_its_title_or_its_text() {
        assert_eq!(page_words("<!DOCTYPE html><html><TITLE lang=x> Sign in \n</TITLE>"), "Sign in");
        assert_eq!(page_words("\n<html><body><h1>404</h1><p>page not found</p>"), "404 page not found");
        assert_eq!(page_words("upstream connect error"), "upstream connect error");
        assert_eq!(page_words("<title>é"), "é");
        assert_eq!(page_words("<"), "");
    }
}
