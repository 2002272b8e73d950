//! This process' own traces and logs. Only what this crate itself says is
//! pushed, and nothing that is said while pushing: the spans and lines of the
//! HTTP client would be pushed in turn, for ever. Must not know results.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{LogExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use crate::net::{Endpoint, Http};
use crate::publish::outbound::otlp::receiver::{Identity, OtlpError, PROTOBUF, client};

/// How long the last push may take: a process that stops must not wait long.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
const OWN: &str = env!("CARGO_CRATE_NAME");
/// What may be logged while pushing.
const PUSHING: [&str; 2] =
    [concat!(env!("CARGO_CRATE_NAME"), "::publish::outbound::otlp"), concat!(env!("CARGO_CRATE_NAME"), "::net")];

/// Holds what is not yet pushed. Call `shutdown` before the process ends.
#[derive(Debug)]
#[must_use = "what is not yet pushed is lost without `shutdown`"]
pub struct Telemetry {
    traces: SdkTracerProvider,
    logs: SdkLoggerProvider,
}

impl Telemetry {
    /// Pushes what is left. Blocks for up to twenty seconds, so it belongs on a
    /// blocking thread while the runtime still goes.
    pub fn shutdown(self) -> Result<(), OtlpError> {
        let traces = self.traces.shutdown_with_timeout(SHUTDOWN_TIMEOUT);
        let logs = self.logs.shutdown_with_timeout(SHUTDOWN_TIMEOUT);
        traces.and(logs).map_err(|error| OtlpError::Shutdown(error.to_string()))
    }
}

/// A layer of a tracing subscriber.
pub type BoxedLayer<S> = Box<dyn Layer<S> + Send + Sync>;

/// Layers that push spans and log lines from `level` on, and what flushes them.
/// `runtime` carries the requests. Fails as `ResultPusher::new` does.
pub fn telemetry<S>(
    destination: &Endpoint,
    identity: &Identity,
    level: LevelFilter,
    runtime: Handle,
) -> Result<(Vec<BoxedLayer<S>>, Telemetry), OtlpError>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let setup = |error: opentelemetry_otlp::ExporterBuildError| OtlpError::Setup(error.to_string());
    let http = client(destination)?;
    let transport = |signal| Transport { http: http.clone(), signal, runtime: runtime.clone() };
    let timeout = destination.timeout.to_std();
    let resource = resource(identity);
    let spans = SpanExporter::builder()
        .with_http()
        .with_http_client(transport("traces"))
        .with_timeout(timeout)
        .build()
        .map_err(setup)?;
    let lines = LogExporter::builder()
        .with_http()
        .with_http_client(transport("logs"))
        .with_timeout(timeout)
        .build()
        .map_err(setup)?;
    let traces = SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource.clone()).build();
    let logs = SdkLoggerProvider::builder().with_batch_exporter(lines).with_resource(resource).build();
    let own = || Targets::new().with_target(OWN, level).with_targets(PUSHING.map(|module| (module, LevelFilter::OFF)));
    let layers: Vec<BoxedLayer<S>> = vec![
        Box::new(tracing_opentelemetry::layer().with_tracer(traces.tracer(OWN)).with_filter(own())),
        Box::new(OpenTelemetryTracingBridge::new(&logs).with_filter(own())),
    ];
    Ok((layers, Telemetry { traces, logs }))
}

fn resource(identity: &Identity) -> Resource {
    let mut about = vec![KeyValue::new("service.version", identity.version)];
    if !identity.instance.is_empty() {
        about.push(KeyValue::new("service.instance.id", identity.instance.clone()));
    }
    about.extend(identity.labels.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone())));
    Resource::builder_empty().with_service_name(OWN).with_attributes(about).build()
}

/// Our own client in the place of the SDK's, which has neither our limits nor our
/// credentials.
#[derive(Clone, Debug)]
struct Transport {
    http: Http,
    /// The last segment of the path, `traces`. The SDK's address is not used.
    signal: &'static str,
    runtime: Handle,
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Transport {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Sending<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        let sending = Box::pin(async move {
            let answer = self.http.post(&["v1", self.signal], PROTOBUF, request.into_body().to_vec()).await?;
            Ok(Response::new(Bytes::from(answer.bytes)))
        });
        Box::pin(InRuntime { sending, runtime: self.runtime.clone() })
    }
}

/// Exporters poll on a thread of their own; the HTTP client needs the runtime
/// that drives its sockets.
struct InRuntime<'a> {
    sending: Sending<'a>,
    runtime: Handle,
}

impl Future for InRuntime<'_> {
    type Output = Result<Response<Bytes>, HttpError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _inside = this.runtime.enter();
        this.sending.as_mut().poll(context)
    }
}
