//! Serves the pages of the tests' sample shop, to look at them.
#[allow(dead_code)]
#[path = "../tests/it/publish/sample.rs"]
mod sample;
#[allow(dead_code)]
#[path = "../tests/it/publish/world.rs"]
mod world;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:9797")?;
    let world = std::env::args().nth(1);
    let answers = if world.as_deref() == Some("starting") { sample::Sample::starting() } else { sample::Sample::shop() };
    evenkeel::publish::http::serve(listener, std::sync::Arc::new(answers), Default::default(), std::future::pending()).await
}
