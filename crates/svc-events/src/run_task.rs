//! Tasks of ECS that rules and schedules run: from the parameters of a target to the input of `RunTask`.

use serde_json::{Map, Value};

/// The input of `RunTask` for a target's `EcsParameters`, as `wire::stored` keeps them: their members are those of `RunTask`, with
/// capital letters, but for two names.
pub fn input(cluster: &str, parameters: Value, started_by: String, overrides: Option<Value>) -> Value {
    let mut input = uncapitalized(parameters);
    if let Value::Object(members) = &mut input {
        rename(members, "taskDefinitionArn", "taskDefinition");
        rename(members, "taskCount", "count");
        members.insert("cluster".into(), cluster.into());
        members.insert("startedBy".into(), started_by.into());
        if let Some(overrides) = overrides {
            members.insert("overrides".into(), overrides);
        }
    }
    input
}

/// What the target's input overrides of the task, if that is what it says (EventBridge user guide, "ECS targets").
pub fn overrides(input: &str) -> Option<Value> {
    let said: Value = serde_json::from_str(input).ok()?;
    let of_task = ["containerOverrides", "cpu", "memory", "taskRoleArn", "executionRoleArn", "ephemeralStorage"];
    of_task.iter().any(|member| said.get(member).is_some()).then_some(said)
}

fn rename(members: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = members.remove(from) {
        members.insert(to.to_owned(), value);
    }
}

fn uncapitalized(value: Value) -> Value {
    match value {
        Value::Object(members) => members.into_iter().map(|(name, value)| (lower_first(&name), uncapitalized(value))).collect(),
        Value::Array(elements) => elements.into_iter().map(uncapitalized).collect(),
        other => other,
    }
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_become_the_input() {
        let parameters = json!({
            "TaskDefinitionArn": "arn:t", "TaskCount": 2, "EnableECSManagedTags": true,
            "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["s"], "AssignPublicIp": "ENABLED"}},
            "Tags": [{"Key": "a", "Value": "b"}],
        });
        let made = input("arn:c", parameters, "events-rule/r".into(), overrides(r#"{"containerOverrides": []}"#));
        assert_eq!(
            made,
            json!({
                "taskDefinition": "arn:t", "count": 2, "enableECSManagedTags": true, "cluster": "arn:c", "startedBy": "events-rule/r",
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"], "assignPublicIp": "ENABLED"}},
                "tags": [{"key": "a", "value": "b"}], "overrides": {"containerOverrides": []},
            })
        );
        assert_eq!(overrides(r#"{"source": "a"}"#), None);
        assert_eq!(overrides("text"), None);
    }
}
