//! Who may do what over HTTP: every operation of the contract and every page, for
//! every role, and what decides who sends a request.

use std::collections::BTreeMap;

use evenkeel::model::role::Role;
use evenkeel::net::Secret;
use evenkeel::publish::http::{Access, HttpSettings, ListenerTls, ServerTls, Token, TrustedProxy, Users};
use reqwest::Method;

use super::sample::Sample;
use super::server::Server;

const PAGES: [&str; 12] = [
    "/",
    "/slos/search-latency",
    "/services/search",
    "/teams/search",
    "/incidents",
    "/incidents/x",
    "/incidents/x/postmortem.md",
    "/alerts",
    "/alerts/fixes",
    "/status",
    "/assets/evenkeel.css",
    "/assets/icon.svg",
];

/// What changes something, and who may. Everything else is read.
const WRITES: [(&str, &str, Role); 7] = [
    ("POST", "/-/reload", Role::Admin),
    ("DELETE", "/api/v1/records/{source}/{kind}/{id}", Role::Annotate),
    ("POST", "/api/v1/corrections", Role::Annotate),
    ("DELETE", "/api/v1/corrections/{name}", Role::Annotate),
    ("POST", "/api/v1/incidents/{id}/times", Role::Annotate),
    ("DELETE", "/api/v1/incidents/{id}/times/{time}", Role::Annotate),
    ("POST", "/api/v1/slos/{name}/counts", Role::Annotate),
];

fn token(role: Role) -> Token {
    let name = role.as_str().to_owned();
    Token { secret: Secret::value(format!("token-{name}")), name, role }
}

fn locked() -> Access {
    Access { anonymous: None, tokens: Role::ALL.map(|(_, role)| token(role)).to_vec(), ..Access::default() }
}

fn serve(access: Access) -> Server {
    Server::with(Sample::shop(), HttpSettings { access, ..HttpSettings::default() })
}

async fn status(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = server.client.request(method, server.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn every_operation_asks_every_role_for_what_it_needs() {
    let server = serve(locked());
    let document: serde_json::Value = server
        .client
        .get(server.url("/api/v1/openapi.json"))
        .bearer_auth("token-read")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut operations: Vec<(String, String)> = PAGES.map(|page| ("GET".to_owned(), page.to_owned())).to_vec();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys().filter(|key| *key != "parameters");
        operations.extend(methods.map(|method| (method.to_ascii_uppercase(), path.clone())));
    }
    assert!(operations.len() > 30, "{operations:?}");
    for (method, path) in &operations {
        let needed = WRITES.iter().find(|(m, p, _)| m == method && p == path).map_or(Role::Read, |(_, _, role)| *role);
        let is_open = (path.starts_with("/-/") && method == "GET") || path.starts_with("/in/");
        assert!(is_open || method == "GET" || needed > Role::Read, "{method} {path} is not in the table");
        let concrete = path.replace(['{', '}'], "");
        let nobody = status(&server, method, &concrete, &[]).await;
        // A webhook checks the credentials of its own; this one does not exist.
        let is_refused = nobody == 401 && !path.starts_with("/in/");
        assert_eq!(is_refused, !is_open, "{method} {path} without a credential: {nobody}");
        for (word, role) in Role::ALL {
            let bearer = format!("Bearer token-{word}");
            let answered = status(&server, method, &concrete, &[("authorization", &bearer)]).await;
            if is_open || role >= needed {
                assert!(
                    path.starts_with("/in/") || ![401, 403, 405].contains(&answered),
                    "{method} {path} as {word}: {answered}"
                );
            } else {
                assert_eq!(answered, 403, "{method} {path} as {word}");
            }
        }
    }
    for method in ["PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE"] {
        let answered = status(&server, method, "/api/v1/slos", &[("authorization", "Bearer token-admin")]).await;
        assert_eq!(answered, 405, "{method}");
    }
    assert_eq!(status(&server, "GET", "/no/such/path", &[]).await, 404, "nobody has to say who they are for that");
}

#[tokio::test]
async fn commands_show_the_token_of_a_file() {
    let server = serve(locked());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "token-read\n").unwrap();
    let ask = |arguments: Vec<&'static str>| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command.args(arguments).env("EVENKEEL_ADDRESS", server.url(""));
        command
    };
    let refused = ask(vec!["slo"]).output().await.unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("401"), "{refused:?}");
    let answered = ask(vec!["slo"]).env("EVENKEEL_TOKEN_FILE", file.path()).output().await.unwrap();
    assert!(answered.status.success(), "{answered:?}");
}

#[tokio::test]
async fn a_wrong_token_is_refused_even_where_none_is_needed() {
    let server = serve(Access { tokens: vec![token(Role::Annotate)], ..Access::default() });
    assert_eq!(status(&server, "GET", "/api/v1/slos", &[]).await, 200);
    for wrong in ["Bearer wrong", "Bearer", "bearer token-annotate2"] {
        assert_eq!(status(&server, "GET", "/api/v1/slos", &[("authorization", wrong)]).await, 401, "{wrong}");
    }
    // A proxy in front passes on what it was given itself.
    for other in ["Basic dG9rZW46dG9rZW4=", "token-annotate", "Negotiate x"] {
        assert_eq!(status(&server, "GET", "/api/v1/slos", &[("authorization", other)]).await, 200, "{other}");
        assert_eq!(status(&server, "POST", "/api/v1/corrections", &[("authorization", other)]).await, 401, "{other}");
    }
    let response = server.client.get(server.url("/")).bearer_auth("wrong").send().await.unwrap();
    let challenges: Vec<_> = response.headers().get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Bearer"], "a browser must not ask for a password where there are none");
}

#[tokio::test]
async fn users_have_the_role_that_is_given_to_them() {
    let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
    let users = Users::new(BTreeMap::from([("ann".to_owned(), hash("a")), ("bob".to_owned(), hash("b"))]));
    let roles = BTreeMap::from([("ann".to_owned(), Role::Annotate)]);
    let server = serve(Access { anonymous: None, users: users.clone(), roles, ..Access::default() });
    let ask = async |method: &str, user: &str, password: &str, headers: &[(&str, &str)]| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request =
            server.client.request(method, server.url("/api/v1/corrections")).basic_auth(user, Some(password));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("GET", "ann", "a", &[]).await, 200);
    assert_eq!(ask("GET", "ann", "b", &[]).await, 401);
    assert_eq!(ask("GET", "eve", "a", &[]).await, 401);
    assert_eq!(ask("POST", "bob", "b", &[]).await, 403);
    assert_eq!(ask("POST", "ann", "a", &[]).await, 400, "only the body is wrong");
    // The browser adds the password to requests of other pages, too.
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        assert_eq!(ask("POST", "ann", "a", &[(name, value)]).await, 403, "{name}: {value}");
    }
    assert_eq!(ask("POST", "ann", "a", &[("sec-fetch-site", "same-origin")]).await, 400);
    users.replace(BTreeMap::from([("bob".to_owned(), hash("b"))]));
    assert_eq!(ask("GET", "ann", "a", &[]).await, 401, "a user who is removed is out at once");
    let response = server.get("/").await;
    let challenges: Vec<_> = response.headers().get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Basic realm=\"evenkeel\", charset=\"UTF-8\"", "Bearer"]);
}

#[tokio::test]
async fn what_came_through_a_proxy_is_not_of_this_machine() {
    let server = serve(Access { anonymous: Some(Role::Admin), ..Access::default() });
    let write = async |headers: &[(&str, &str)]| status(&server, "POST", "/api/v1/corrections", headers).await;
    assert_eq!(write(&[]).await, 400, "only the body is wrong");
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-host", "evenkeel.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=203.0.113.9"),
        ("via", "1.1 proxy"),
        ("x-real-ip", "203.0.113.9"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "null"),
    ] {
        assert_eq!(write(&[(name, value)]).await, 403, "{name}");
        assert_eq!(
            status(&server, "GET", "/api/v1/slos", &[(name, value)]).await,
            200,
            "reading is not writing: {name}"
        );
    }
}

#[tokio::test]
async fn the_header_of_a_proxy_counts_from_its_address_only() {
    let proxy = |network: &str| {
        let user_header = "x-forwarded-user".parse().unwrap();
        let proxy = Some(TrustedProxy { addresses: vec![network.parse().unwrap()], user_header });
        let roles = BTreeMap::from([("ann".to_owned(), Role::Annotate)]);
        serve(Access { anonymous: None, proxy, roles, ..Access::default() })
    };
    let (trusted, other) = (proxy("127.0.0.0/8"), proxy("10.0.0.0/8"));
    let ann = [("x-forwarded-user", "ann"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(status(&trusted, "POST", "/api/v1/corrections", &ann).await, 400, "only the body is wrong");
    assert_eq!(status(&trusted, "POST", "/api/v1/corrections", &[("x-forwarded-user", "bob")]).await, 403);
    assert_eq!(status(&trusted, "GET", "/api/v1/slos", &[("x-forwarded-user", "bob")]).await, 200);
    let both = [("x-forwarded-user", "bob"), ("x-forwarded-user", "ann")];
    for headers in [&[][..], &[("x-forwarded-user", " ")], &both] {
        assert_eq!(status(&trusted, "GET", "/api/v1/slos", headers).await, 401, "{headers:?}");
    }
    assert_eq!(status(&other, "GET", "/api/v1/slos", &ann).await, 401);
}

#[tokio::test]
async fn a_credential_is_checked_before_the_body_is_awaited() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = serve(locked());
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head = "POST /api/v1/corrections HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}

/// A certificate for 127.0.0.1 by an authority of its own, and a client that
/// trusts it; what a client needs to authenticate with the same authority.
struct Certificates {
    dir: tempfile::TempDir,
    authority: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Certificates {
    fn new() -> Certificates {
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), authority.pem()).unwrap();
        let made = Certificates { dir, authority };
        made.issue("server");
        made
    }

    fn issue(&self, name: &str) -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        std::fs::write(self.dir.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.dir.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        certificate.pem() + &key.serialize_pem()
    }

    fn tls(&self, clients: Option<bool>) -> ServerTls {
        let path = |name: &str| self.dir.path().join(name);
        ServerTls {
            cert_file: path("server.pem"),
            key_file: path("server.key"),
            clients: clients.map(|is_required| (path("ca.pem"), is_required)),
            min_is_13: false,
        }
    }

    fn client(&self) -> reqwest::ClientBuilder {
        let authority = reqwest::Certificate::from_pem(self.authority.pem().as_bytes()).unwrap();
        // A new connection for each request, as a new certificate counts for those.
        reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).tls_certs_only([authority])
    }
}

#[tokio::test]
async fn a_listener_speaks_tls_and_takes_up_a_new_certificate() {
    let (old, new) = (Certificates::new(), Certificates::new());
    let tls = ListenerTls::new(old.tls(None).load().unwrap());
    let settings = HttpSettings { tls: Some(tls.clone()), ..HttpSettings::default() };
    let server = Server::with(Sample::shop(), settings);
    let url = format!("https://{}/-/healthy", server.address);
    let (trusts_old, trusts_new) = (old.client().build().unwrap(), new.client().build().unwrap());
    assert_eq!(trusts_old.get(&url).send().await.unwrap().status(), 200);
    assert!(trusts_new.get(&url).send().await.is_err());
    assert!(server.client.get(server.url("/-/healthy")).send().await.is_err(), "no plain HTTP on this port");
    tls.replace(new.tls(None).load().unwrap());
    assert_eq!(trusts_new.get(&url).send().await.unwrap().status(), 200);
    assert!(trusts_old.get(&url).send().await.is_err());
}

#[tokio::test]
async fn clients_without_a_certificate_are_kept_out_where_one_is_required() {
    let certificates = Certificates::new();
    let tls = ListenerTls::new(certificates.tls(Some(true)).load().unwrap());
    let server = Server::with(Sample::shop(), HttpSettings { tls: Some(tls), ..HttpSettings::default() });
    let url = format!("https://{}/api/v1/slos", server.address);
    assert!(certificates.client().build().unwrap().get(&url).send().await.is_err());
    let identity = |of: &Certificates| reqwest::Identity::from_pem(of.issue("client").as_bytes()).unwrap();
    let known = certificates.client().identity(identity(&certificates)).build().unwrap();
    assert_eq!(known.get(&url).send().await.unwrap().status(), 200);
    let stranger = certificates.client().identity(identity(&Certificates::new())).build().unwrap();
    assert!(stranger.get(&url).send().await.is_err());
}

#[test]
fn files_that_cannot_be_used_for_tls_are_named() {
    let certificates = Certificates::new();
    let missing = ServerTls { key_file: "/no/such/key.pem".into(), ..certificates.tls(None) };
    assert!(missing.load().unwrap_err().starts_with("/no/such/key.pem cannot be used for TLS: "));
    certificates.issue("other");
    let foreign = ServerTls { key_file: certificates.dir.path().join("other.key"), ..certificates.tls(None) };
    assert!(foreign.load().is_err(), "the key is not that of the certificate");
}
