//! Credentials in files that are replaced while the client runs.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;

/// A server that accepts one value of one header, which may change, and says
/// what it got.
async fn server(header: &'static str, accepted: &Arc<Mutex<String>>) -> FakeServer {
    let accepted = Arc::clone(accepted);
    let respond = move |request: &fake_server::Request| {
        let is_right = request.header(header) == Some(accepted.lock().unwrap().as_str());
        if is_right { answer(200, &[], "{}") } else { answer(401, &[], "unknown token") }
    };
    FakeServer::start(respond).await
}

fn sent(server: &FakeServer, header: &str) -> Vec<String> {
    server.requests().iter().map(|request| request.header(header).unwrap().to_owned()).collect()
}

fn bearer(server: &FakeServer, file: &Path) -> Http {
    let auth = Some(Auth::Bearer(Secret::File(file.to_path_buf())));
    Http::new(&Endpoint { auth, ..endpoint(server) }).unwrap()
}

#[tokio::test]
async fn the_next_request_carries_the_new_credential() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    let password = || Some(Auth::Basic { username: "u".into(), password: Secret::File(file.clone()) });
    let key = || vec![Header { name: "X-Api-Key".into(), value: Secret::File(file.clone()) }];
    for (header, auth, headers, expected) in [
        ("authorization", Some(Auth::Bearer(Secret::File(file.clone()))), Vec::new(), ["Bearer one", "Bearer two"]),
        ("authorization", password(), Vec::new(), ["Basic dTpvbmU=", "Basic dTp0d28="]),
        ("x-api-key", None, key(), ["one", "two"]),
    ] {
        let accepted = Arc::new(Mutex::new(expected[0].to_owned()));
        let server = server(header, &accepted).await;
        std::fs::write(&file, "one\n").unwrap();
        let http = Http::new(&Endpoint { auth, headers, ..endpoint(&server) }).unwrap();
        http.get(&[], &[], "*/*").await.unwrap();
        std::fs::write(&file, "two\n").unwrap();
        *accepted.lock().unwrap() = expected[1].to_owned();
        http.post(&[], "text/plain", Vec::new()).await.unwrap();
        assert_eq!(sent(&server, header), expected, "no request with the old one, none twice");
    }
}

/// Kubernetes mounts `token -> ..data/token` and `..data -> ..2026_11_30`, and
/// replaces the second link.
#[tokio::test]
async fn a_swapped_symlink_counts() {
    let dir = tempfile::tempdir().unwrap();
    let volume = dir.path();
    for (version, token) in [("..1", "one"), ("..2", "two")] {
        std::fs::create_dir(volume.join(version)).unwrap();
        std::fs::write(volume.join(version).join("token"), token).unwrap();
    }
    let link = |version: &str| {
        std::os::unix::fs::symlink(version, volume.join("..tmp")).unwrap();
        std::fs::rename(volume.join("..tmp"), volume.join("..data")).unwrap();
    };
    link("..1");
    std::os::unix::fs::symlink("..data/token", volume.join("token")).unwrap();
    let accepted = Arc::new(Mutex::new("Bearer one".to_owned()));
    let server = server("authorization", &accepted).await;
    let http = bearer(&server, &volume.join("token"));
    http.get(&[], &[], "*/*").await.unwrap();
    link("..2");
    *accepted.lock().unwrap() = "Bearer two".to_owned();
    http.get(&[], &[], "*/*").await.unwrap();
}

#[tokio::test]
async fn a_401_is_followed_by_one_attempt_with_the_replaced_credential() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "old").unwrap();
    let replaced = file.clone();
    // The file is replaced while the request is on its way.
    let server = FakeServer::start(move |request| {
        std::fs::write(&replaced, "new").unwrap();
        let is_new = request.header("authorization") == Some("Bearer new");
        if is_new { answer(200, &[], "{}") } else { answer(401, &[], "") }
    })
    .await;
    bearer(&server, &file).get(&[], &[], "*/*").await.unwrap();
    assert_eq!(sent(&server, "authorization"), ["Bearer old", "Bearer new"]);
}

#[tokio::test]
async fn a_credential_that_is_wrong_is_not_sent_twice() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "wrong").unwrap();
    let server = FakeServer::start(|_| answer(401, &[], "unknown token")).await;
    let error = bearer(&server, &file).get(&[], &[], "*/*").await.unwrap_err();
    assert!(matches!(error, HttpError::Refused { status: 401, .. }), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_being_written_is_waited_for_and_a_missing_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    let accepted = Arc::new(Mutex::new("Bearer new".to_owned()));
    let server = server("authorization", &accepted).await;
    let http = bearer(&server, &file);
    let error = http.get(&[], &[], "*/*").await.unwrap_err();
    assert!(
        matches!(&error, HttpError::Credential { .. }) && error.to_string().contains("token cannot be used"),
        "{error}"
    );
    assert!(server.requests().is_empty(), "nothing is sent without the credential");
    std::fs::write(&file, "").unwrap();
    let written = async {
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        std::fs::write(&file, "new").unwrap();
    };
    let (answered, ()) = tokio::join!(http.get(&[], &[], "*/*"), written);
    answered.unwrap();
}
