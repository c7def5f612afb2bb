//! `template.yaml` says the same as the code: settings, functions, and who is told when something fails.

use std::collections::{BTreeMap, BTreeSet};

use yaml_rust2::{Yaml, YamlLoader};

use super::{none, read, workspace};

/// Settings that are in no function's environment, with why.
const ONE_MACHINE: [(&str, &str); 6] = [
    (
        "MAIL_CA_FILE",
        "on AWS there is no place for the file, and mail servers that it reaches have public certificates",
    ),
    ("ZOHO_CLIENT_ID", "on AWS it is in the app secret"),
    ("ZOHO_CLIENT_SECRET", "on AWS it is in the app secret"),
    ("SMTP_URL", "on AWS it is in the app secret"),
    ("INBOUND_TOKEN", "on AWS it is in the app secret"),
    ("OPENAI_API_KEY", "on AWS it is in the app secret"),
];
/// Variables that our code does not read, with who does.
const NOT_OURS: [(&str, &str); 1] = [("AWS_ENDPOINT_URL", "the AWS SDK")];

/// The template. CloudFormation's tags are dropped: `!Ref X` reads as `X`, and `!GetAtt X.Arn` as `X.Arn`.
pub struct Template(Yaml);

impl Template {
    pub fn read() -> Self {
        Self::parse(&read("template.yaml"))
    }

    fn parse(text: &str) -> Self {
        let mut documents = YamlLoader::load_from_str(text).expect("template.yaml is YAML");
        Self(documents.pop().expect("template.yaml has a document"))
    }

    fn resource(&self, name: &str) -> &Yaml {
        &self.0["Resources"][name]
    }

    fn of_type(&self, wanted: &str) -> Vec<(&str, &Yaml)> {
        let resources = self.0["Resources"].as_hash().expect("template.yaml has resources");
        let named = resources.iter().filter(|(_, resource)| resource["Type"].as_str() == Some(wanted));
        named.map(|(name, resource)| (name.as_str().expect("a name"), &resource["Properties"])).collect()
    }

    pub fn functions(&self) -> Vec<Function<'_>> {
        let functions = self.of_type("AWS::Serverless::Function").into_iter();
        functions.map(|(name, properties)| Function { name, properties }).collect()
    }

    pub fn variables(&self) -> BTreeSet<&str> {
        let globals = &self.0["Globals"]["Function"];
        let own = self.functions();
        let all = own.iter().map(|function| function.properties).chain([globals]);
        let tables = all.filter_map(|properties| properties["Environment"]["Variables"].as_hash());
        tables.flat_map(|table| table.keys()).filter_map(Yaml::as_str).collect()
    }

    /// Whether somebody is told of what lies in a dead-letter queue.
    fn watches_queue(&self, queue: &str) -> bool {
        self.watches("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue)
    }

    fn watches(&self, namespace: &str, metric: &str, dimension: &str, what: &str) -> bool {
        self.of_type("AWS::CloudWatch::Alarm").iter().any(|(_, alarm)| {
            let dimensions = alarm["Dimensions"].as_vec().map_or(&[][..], Vec::as_slice);
            let watched = dimensions
                .iter()
                .any(|item| item["Name"].as_str() == Some(dimension) && target(&item["Value"]) == Some(what));
            watched
                && alarm["Namespace"].as_str() == Some(namespace)
                && alarm["MetricName"].as_str() == Some(metric)
                && alarm["AlarmActions"].as_vec().is_some_and(|actions| !actions.is_empty())
                && !alarm["AlarmDescription"].is_badvalue()
        })
    }
}

/// A function of the template.
pub struct Function<'a> {
    name: &'a str,
    properties: &'a Yaml,
}

/// What starts a function.
#[derive(Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A route, such as `GET /health`.
    Route(String),
    Queue(String),
    /// The queue for runs that could not be started.
    Schedule(Option<String>),
}

impl<'a> Function<'a> {
    /// The crate, by the last part of its folder.
    pub fn package(&self) -> &'a str {
        let folder = self.properties["CodeUri"].as_str().unwrap_or_default();
        folder.strip_prefix("functions/").unwrap_or(folder)
    }

    pub fn triggers(&self) -> Vec<Trigger> {
        let events = self.properties["Events"].as_hash().into_iter().flat_map(|events| events.values());
        let trigger = |event: &Yaml| {
            let properties = &event["Properties"];
            let text = |name: &str| properties[name].as_str().unwrap_or_default();
            match event["Type"].as_str().unwrap_or_default() {
                "HttpApi" => Trigger::Route(format!("{} {}", text("Method"), text("Path"))),
                "SQS" => Trigger::Queue(target(&properties["Queue"]).unwrap_or_default().to_owned()),
                "ScheduleV2" => Trigger::Schedule(target(&properties["DeadLetterConfig"]["Arn"]).map(str::to_owned)),
                other => panic!("{}: this test does not know the trigger {other}; say here what it needs", self.name),
            }
        };
        events.map(trigger).collect()
    }
}

/// The resource that `!Ref X`, `!GetAtt X.Arn` or `X` names.
fn target(value: &Yaml) -> Option<&str> {
    value.as_str()?.split('.').next()
}

#[test]
fn settings_are_the_templates_variables() {
    none(&settings_problems(&Template::read()));
}

fn settings_problems(template: &Template) -> Vec<String> {
    let settings = read("shared/edge/src/settings.rs");
    let mut problems = Vec::new();
    let mut constants = BTreeSet::new();
    for line in settings.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let Some((name, value)) = line.split_once(": &str = ") else { continue };
        if name.starts_with("DEFAULT_") {
            continue;
        }
        if value != format!("\"{name}\";") {
            problems.push(format!("settings.rs: {name} is {value} give the constant the variable's own name"));
        }
        constants.insert(name);
    }
    let variables = template.variables();
    let known = |list: &[(&'static str, &str)], name: &str| list.iter().any(|(known, _)| *known == name);
    for name in variables.iter().filter(|name| !constants.contains(**name) && !known(&NOT_OURS, name)) {
        problems.push(format!(
            "template.yaml sets {name}, which shared/edge/src/settings.rs does not have: nobody reads it"
        ));
    }
    for name in constants.iter().filter(|name| !variables.contains(**name) && !known(&ONE_MACHINE, name)) {
        problems.push(format!("settings.rs has {name}, which template.yaml sets for no function: add it there, or to ONE_MACHINE here with the reason"));
    }
    let listed = ONE_MACHINE
        .iter()
        .map(|(name, _)| name)
        .filter(|name| variables.contains(**name) || !constants.contains(**name));
    problems
        .extend(listed.map(|name| format!("ONE_MACHINE lists {name}, which is not only for one machine: take it off")));
    problems
}

#[test]
fn functions_are_the_crates() {
    let metadata = workspace();
    let template = Template::read();
    let mut binaries = BTreeMap::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|folder| folder.parent());
        if folder.is_some_and(|folder| folder.file_name() == Some("functions")) {
            let bins = package.targets.iter().filter(|target| target.is_bin()).map(|target| target.name.clone());
            binaries.insert(package.name.to_string(), bins.collect::<Vec<_>>());
        }
    }
    let mut problems = Vec::new();
    for function in template.functions() {
        let (name, package) = (function.name, function.package());
        match binaries.remove(package) {
            None => problems.push(format!(
                "{name}: CodeUri names no crate of functions/, or one that another function has: {package:?}"
            )),
            Some(bins) if bins == [package] => {}
            Some(bins) => problems.push(format!(
                "{name}: functions/{package} makes {bins:?} and not {package}, which `sam build` looks for"
            )),
        }
    }
    problems.extend(binaries.keys().map(|left| format!("functions/{left}: no function of template.yaml runs it")));
    none(&problems);
}

#[test]
fn functions_log_for_a_while_and_failures_are_told() {
    none(&watching_problems(&Template::read()));
}

fn watching_problems(template: &Template) -> Vec<String> {
    let mut problems = Vec::new();
    for function in template.functions() {
        let (name, properties) = (function.name, function.properties);
        let log = target(&properties["LoggingConfig"]["LogGroup"]).map(|log| template.resource(log));
        if !log.is_some_and(|log| {
            log["Type"].as_str() == Some("AWS::Logs::LogGroup") && !log["Properties"]["RetentionInDays"].is_badvalue()
        }) {
            problems.push(format!(
                "{name}: give it a log group of its own with RetentionInDays, else its logs stay for ever"
            ));
        }
        if function.triggers().is_empty() {
            problems.push(format!("{name}: nothing starts it"));
        }
        for trigger in function.triggers() {
            match trigger {
                Trigger::Route(route) => {
                    if !template.watches("AWS/ApiGateway", "5xx", "ApiId", "Api") {
                        problems.push(format!("{name}: no alarm tells of server errors of {route}"));
                    }
                }
                Trigger::Queue(queue) => problems.extend(queue_problems(template, &function, &queue)),
                Trigger::Schedule(undelivered) => {
                    for (what, queue) in [
                        ("its schedule", undelivered.as_deref()),
                        ("the function", target(&properties["DeadLetterQueue"]["TargetArn"])),
                    ] {
                        if !queue.is_some_and(|queue| template.watches_queue(queue)) {
                            problems.push(format!(
                                "{name}: {what} has no dead-letter queue with an alarm, so a lost run is not noticed"
                            ));
                        }
                    }
                }
            }
        }
    }
    problems
}

fn queue_problems(template: &Template, function: &Function<'_>, queue: &str) -> Vec<String> {
    let name = function.name;
    let properties = &template.resource(queue)["Properties"];
    let mut problems = Vec::new();
    match target(&properties["RedrivePolicy"]["deadLetterTargetArn"]) {
        None => problems.push(format!(
            "{queue}, which starts {name}, has no dead-letter queue: a poison message would stay for ever"
        )),
        Some(dead) if !template.watches_queue(dead) => {
            problems.push(format!("{dead}: no alarm on ApproximateNumberOfMessagesVisible"))
        }
        Some(_) => {}
    }
    let seconds = |value: &Yaml| value.as_i64().unwrap_or_default();
    let (visible, timeout) = (seconds(&properties["VisibilityTimeout"]), seconds(&function.properties["Timeout"]));
    if timeout == 0 || visible < 6 * timeout {
        problems.push(format!("{queue}: VisibilityTimeout {visible} is under six times the {timeout} s of {name}"));
    }
    let events = function.properties["Events"].as_hash().into_iter().flat_map(|events| events.values());
    let mut of_queue = events.filter(|event| event["Type"].as_str() == Some("SQS")).map(|event| &event["Properties"]);
    if !of_queue.all(|event| event["FunctionResponseTypes"][0].as_str() == Some("ReportBatchItemFailures")) {
        problems.push(format!("{name}: without ReportBatchItemFailures one bad message repeats its whole batch"));
    }
    problems
}

/// A check that cannot fail checks nothing: each of these changes to the template is a problem.
#[test]
fn what_is_missing_is_noticed() {
    let text = read("template.yaml");
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "template.yaml does not say {from:?} any more: change this test");
        Template::parse(&text.replace(from, to))
    };
    let noticed = |problems: &[String], what: &str| {
        assert!(problems.iter().any(|said| said.contains(what)), "{what:?} is not among {problems:?}");
    };
    for (from, to, what) in [
        ("!GetAtt EnrolmentDlq.QueueName", "nothing", "EnrolmentDlq: no alarm"),
        ("!GetAtt SchedulesDlq.QueueName", "nothing", "its schedule has no dead-letter queue"),
        ("!GetAtt RunsDlq.QueueName", "nothing", "the function has no dead-letter queue"),
        ("MetricName: 5xx", "MetricName: 4xx", "no alarm tells of server errors"),
        (
            "deadLetterTargetArn: !GetAtt InboundDlq.Arn",
            "other: none",
            "InboundQueue, which starts InboundEmail, has no",
        ),
        ("!Ref ConsoleLog", "nothing", "Console: give it a log group"),
        ("VisibilityTimeout: 1800", "VisibilityTimeout: 30", "under six times"),
        ("[ReportBatchItemFailures]", "[]", "repeats its whole batch"),
    ] {
        noticed(&watching_problems(&changed(from, to)), what);
    }
    for what in ["template.yaml sets FIELD_PREFIXES", "settings.rs has FIELD_PREFIX,"] {
        noticed(&settings_problems(&changed("FIELD_PREFIX: ", "FIELD_PREFIXES: ")), what);
    }
}
