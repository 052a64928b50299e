//! What can be set: a field, its option, its variable and its default, all in one place.
//! `terrarium serve --help` prints it and is the reference.

use clap::Parser;
use clap::builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser};
use protocol::Isolation;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Address and port to listen on; port 0 takes any free one. Only this machine's own
    /// addresses (127.0.0.1, [::1]) are taken.
    #[arg(long, env = "TERRARIUM_ADDR", default_value = "127.0.0.1:3000", value_parser = loopback)]
    pub addr: SocketAddr,

    /// Folder of everything that is kept: sessions, sandboxes and their records, runs.
    #[arg(long, env = "TERRARIUM_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Folder of a teacher's own lessons, which are taught beside those built in.
    #[arg(long, env = "TERRARIUM_LESSONS_DIR")]
    pub lessons_dir: Option<PathBuf>,

    /// How a sandbox's services run: as tasks within this process, or each as a process of its
    /// own, where a crash is a SIGKILL.
    #[arg(long, env = "TERRARIUM_ISOLATION", default_value = "task", value_parser = PossibleValuesParser::new(["task", "process"]).map(isolation))]
    pub isolation: Isolation,

    /// The address in the learners' browsers when a proxy stands in front, such as
    /// https://terrarium.example.org. With https, cookies are Secure.
    #[arg(long, env = "TERRARIUM_PUBLIC_URL")]
    pub public_url: Option<PublicUrl>,

    /// Commands a sandbox takes per second.
    #[arg(long, env = "TERRARIUM_COMMANDS_PER_SECOND", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub commands_per_second: u32,

    /// Commands a sandbox takes at once after a rest.
    #[arg(long, env = "TERRARIUM_COMMAND_BURST", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub command_burst: u32,

    /// Bytes of record per sandbox. A full sandbox takes no more commands; nothing recorded is trimmed.
    #[arg(long, env = "TERRARIUM_RECORD_BYTES", default_value_t = 512 << 20, help_heading = QUOTAS)]
    pub record_bytes: u64,

    /// Services per sandbox.
    #[arg(long, env = "TERRARIUM_SERVICES", default_value_t = 16, help_heading = QUOTAS)]
    pub services: u32,

    /// Replicas of all services together per sandbox.
    #[arg(long, env = "TERRARIUM_REPLICAS", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub replicas: u32,

    /// Faults standing at a time per sandbox.
    #[arg(long, env = "TERRARIUM_FAULTS", default_value_t = 32, help_heading = QUOTAS)]
    pub faults: u32,

    /// Commands a load sends per second, at most.
    #[arg(long, env = "TERRARIUM_LOAD_RATE", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub load_rate: u32,

    /// Reads a load sends per second, at most.
    #[arg(long, env = "TERRARIUM_LOAD_READS", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub load_reads: u32,

    /// Minutes after which a load stops by itself.
    #[arg(long, env = "TERRARIUM_LOAD_MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub load_minutes: u32,

    /// Event streams open at a time per session.
    #[arg(long, env = "TERRARIUM_STREAMS_PER_SESSION", default_value_t = 8, help_heading = QUOTAS)]
    pub streams_per_session: u32,

    /// Bytes of a request's body.
    #[arg(long, env = "TERRARIUM_BODY_BYTES", default_value_t = 64 << 10, help_heading = QUOTAS)]
    pub body_bytes: usize,

    /// Bytes of a record that is imported as a run.
    #[arg(long, env = "TERRARIUM_IMPORT_BYTES", default_value_t = 64 << 20, help_heading = QUOTAS)]
    pub import_bytes: usize,

    /// Runs kept or imported on this server.
    #[arg(long, env = "TERRARIUM_ALL_RUNS", default_value_t = 2000, help_heading = QUOTAS)]
    pub all_runs: u32,

    /// Runs kept or imported per session.
    #[arg(long, env = "TERRARIUM_RUNS", default_value_t = 100, help_heading = QUOTAS)]
    pub runs: u32,

    /// Sandboxes on this server, awake or asleep.
    #[arg(long, env = "TERRARIUM_SANDBOXES", default_value_t = 1000, help_heading = QUOTAS)]
    pub sandboxes: u32,

    /// Event streams open at a time on this server.
    #[arg(long, env = "TERRARIUM_STREAMS", default_value_t = 2000, help_heading = QUOTAS)]
    pub streams: u32,

    /// Loads running at a time on this server; further ones wait for their turn.
    #[arg(long, env = "TERRARIUM_LOADS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub loads: u32,

    /// Coverage matrices kept on this server, with the runs of their cells. The oldest gives way.
    #[arg(long, env = "TERRARIUM_MATRICES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub matrices: u32,

    /// Read models of the million events built at a time on this server; further ones wait for
    /// their turn.
    #[arg(long, env = "TERRARIUM_MILLION_BUILDS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub million_builds: u32,

    /// Days after which a sandbox that nobody has opened is deleted.
    #[arg(long, env = "TERRARIUM_FORGET_AFTER_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..), help_heading = QUOTAS)]
    pub forget_after_days: u32,

    /// Seconds without a stream, a command or anything in flight after which a sandbox hibernates.
    #[arg(long, env = "TERRARIUM_HIBERNATE_AFTER_S", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    pub hibernate_after_s: u64,

    /// Most commands or messages a service takes into one local transaction. 1 is what the
    /// lessons show; more is faster.
    #[arg(long, env = "TERRARIUM_SERVICE_BATCH", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub service_batch: u32,

    /// Milliseconds that a replica leads its service for without renewing its lease. One that is
    /// stopped for longer is taken over from.
    #[arg(long, env = "TERRARIUM_LEASE_MS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..))]
    pub lease_ms: u32,

    /// What is logged to stderr: a level, or filters such as `info,server::sandbox=debug`.
    #[arg(long, env = "TERRARIUM_LOG", default_value = "info")]
    pub log: String,

    /// How many seconds pass in the sandboxes in one. Tests have no minute to wait.
    #[arg(long, env = "TERRARIUM_CLOCK_RATE", hide = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub clock_rate: u32,

    /// Events in the store of a million. Past the last snapshot there are about half as many as lie
    /// between two, whatever the interval: so loading is neither lucky nor unlucky.
    #[arg(long, env = "TERRARIUM_MILLION_EVENTS", hide = true, default_value_t = 1_055_555, value_parser = clap::value_parser!(u64).range(200..=2_000_000))]
    pub million_events: u64,

    /// Pages reload themselves when the server comes back. `cargo xtask dev` sets it.
    #[arg(long, env = "TERRARIUM_DEV_RELOAD", hide = true, value_parser = FalseyValueParser::new())]
    pub dev_reload: bool,
}

const QUOTAS: &str = "Quotas (shown at /limits)";

impl Config {
    /// Reads options as they follow `terrarium serve`, and the environment for what they leave out.
    pub fn from_args<I, T>(args: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        let program = std::iter::once("terrarium".into());
        Ok(Alone::try_parse_from(program.chain(args.into_iter().map(Into::into)))?.config)
    }

    /// Whether the learner's browser speaks TLS, to a proxy.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.https)
    }
}

#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    config: Config,
}

/// An address as browsers know it: scheme and authority, no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// As a browser writes it in `Origin`: `https://terrarium.example.org`.
    pub origin: String,
    /// As it stands in `Host`, with the port unless it is the scheme's own.
    pub authority: String,
    pub https: bool,
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "expected https://host or http://host, with a port where it needs one, and nothing after it";
        let uri: http::Uri = text.parse().map_err(|_| FORM)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(FORM) };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(FORM);
        }
        let default_port = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(FORM),
        };
        let host = authority.host().to_ascii_lowercase();
        let authority = match authority.port_u16() {
            Some(port) if port != default_port => format!("{host}:{port}"),
            _ => host,
        };
        Ok(Self { origin: format!("{scheme}://{authority}"), authority, https: scheme == "https" })
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, such as 127.0.0.1:3000".to_string())?;
    let is_loopback = match addr.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    };
    if !is_loopback {
        return Err("listening beyond this machine needs a teacher password, which does not exist yet; \
                    use 127.0.0.1 or [::1]"
            .into());
    }
    Ok(addr)
}

fn isolation(text: String) -> Isolation {
    match text.as_str() {
        "process" => Isolation::Process,
        _ => Isolation::Task,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn without_options_the_defaults_are_those_of_the_design() {
        let config = Config::from_args::<_, &str>([]).expect("defaults");
        assert_eq!(config.addr, "127.0.0.1:3000".parse().expect("address"));
        assert_eq!(config.isolation, Isolation::Task);
        assert_eq!((config.commands_per_second, config.command_burst), (20, 60));
        assert_eq!((config.services, config.replicas, config.faults, config.streams_per_session), (16, 40, 32, 8));
        assert_eq!((config.sandboxes, config.streams, config.body_bytes), (1000, 2000, 65_536));
        assert_eq!((config.load_rate, config.load_minutes, config.loads), (200, 15, 2));
        assert_eq!((config.import_bytes, config.runs), (67_108_864, 100));
        assert!(!config.dev_reload && !config.is_https());
    }

    #[test]
    fn options_are_taken() {
        let config =
            Config::from_args(["--addr", "[::1]:0", "--isolation", "process", "--service-batch", "64"]).expect("valid");
        assert_eq!(config.addr.port(), 0);
        assert_eq!(config.isolation, Isolation::Process);
        assert_eq!(config.service_batch, 64);
    }

    #[test]
    fn an_address_beyond_this_machine_is_refused_with_a_sentence() {
        for addr in ["0.0.0.0:3000", "192.168.1.5:80", "[::]:3000"] {
            let error = Config::from_args(["--addr", addr]).expect_err("refused").to_string();
            assert!(
                error.contains("listening beyond this machine needs a teacher password, which does not exist yet"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for args in [
            ["--addr", "3000"],
            ["--isolation", "thread"],
            ["--commands-per-second", "0"],
            ["--public-url", "ftp://x"],
            ["--public-url", "https://x/y"],
        ] {
            assert!(Config::from_args(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn a_public_url_is_kept_as_browsers_write_it() {
        let url: PublicUrl = "https://Terrarium.example.org:443/".parse().expect("valid");
        assert_eq!(
            (url.origin.as_str(), url.authority.as_str(), url.https),
            ("https://terrarium.example.org", "terrarium.example.org", true)
        );
        let url: PublicUrl = "http://school.local:8080".parse().expect("valid");
        assert_eq!((url.authority.as_str(), url.https), ("school.local:8080", false));
    }

    #[test]
    fn every_option_has_a_variable_of_its_name_and_a_sentence() {
        for arg in Alone::command().get_arguments() {
            let long = arg.get_long().expect("a long name");
            let variable = format!("TERRARIUM_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(arg.get_env().and_then(|env| env.to_str()), Some(variable.as_str()), "{long}");
            assert!(arg.get_help().is_some(), "{long}");
        }
    }
}
