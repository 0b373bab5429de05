//! The table of operations: IAM's actions are HTTP's methods here, and resources are paths.

use super::{
    access::{self, DELETE, GET, PATCH, POST, PUT, api, apis, given, tags_of},
    ops::{apis as http_apis, authorizers, definitions, deployments, integrations, routes, stages, tags},
};
use api::apigatewayv2 as sdk;
use front::{Access, Service};

/// The service's table.
pub fn service() -> Service {
    let service = Service::new(&sdk::SERVICE).resources(access::facts);
    of_tags(of_definitions(of_authorizers(of_deployments(of_stages(of_integrations(of_routes(of_apis(service))))))))
}

fn of_apis(service: Service) -> Service {
    service
        .op::<sdk::CreateApi>(
            Access::on(|cx, _| apis(cx)).action(POST).keys(|_, i: &sdk::CreateApiRequest| given(&i.tags)),
            http_apis::create,
        )
        .op::<sdk::GetApi>(Access::on(|cx, i: &sdk::GetApiRequest| api(cx, &i.api_id, "")).action(GET), http_apis::get)
        .op::<sdk::GetApis>(Access::on(|cx, _| apis(cx)).action(GET), http_apis::list)
        .op::<sdk::UpdateApi>(Access::on(|cx, i: &sdk::UpdateApiRequest| api(cx, &i.api_id, "")).action(PATCH), http_apis::update)
        .op::<sdk::DeleteApi>(
            Access::on(|cx, i: &sdk::DeleteApiRequest| api(cx, &i.api_id, "")).action(DELETE),
            http_apis::delete,
        )
        .op::<sdk::DeleteCorsConfiguration>(
            Access::on(|cx, i: &sdk::DeleteCorsConfigurationRequest| api(cx, &i.api_id, "/cors")).action(DELETE),
            http_apis::delete_cors,
        )
}

fn of_definitions(service: Service) -> Service {
    service
        .op::<sdk::ImportApi>(Access::on(|cx, _| apis(cx)).action(PUT), definitions::import)
        .op::<sdk::ReimportApi>(
            Access::on(|cx, i: &sdk::ReimportApiRequest| api(cx, &i.api_id, "")).action(PUT),
            definitions::reimport,
        )
        .op::<sdk::ExportApi>(
            Access::on(|cx, i: &sdk::ExportApiRequest| api(cx, &i.api_id, &format!("/exports/{}", i.specification))).action(GET),
            definitions::export,
        )
}

/// Rows of what belongs to an API: `GET`, `POST` on the collection, and `GET`, `PATCH`, `DELETE` on one of it.
macro_rules! children {
    ($fn:ident, $module:ident, $path:literal, $id:ident,
     $create:ident($create_in:ident), $list:ident($list_in:ident), $get:ident($get_in:ident), $update:ident($update_in:ident), $delete:ident($delete_in:ident)) => {
        fn $fn(service: Service) -> Service {
            service
                .op::<sdk::$create>(
                    Access::on(|cx, i: &sdk::$create_in| api(cx, &i.api_id, concat!("/", $path))).action(POST),
                    $module::create,
                )
                .op::<sdk::$list>(
                    Access::on(|cx, i: &sdk::$list_in| api(cx, &i.api_id, concat!("/", $path))).action(GET),
                    $module::list,
                )
                .op::<sdk::$get>(
                    Access::on(|cx, i: &sdk::$get_in| api(cx, &i.api_id, &format!(concat!("/", $path, "/{}"), i.$id)))
                        .action(GET),
                    $module::get,
                )
                .op::<sdk::$update>(
                    Access::on(|cx, i: &sdk::$update_in| api(cx, &i.api_id, &format!(concat!("/", $path, "/{}"), i.$id)))
                        .action(PATCH),
                    $module::update,
                )
                .op::<sdk::$delete>(
                    Access::on(|cx, i: &sdk::$delete_in| api(cx, &i.api_id, &format!(concat!("/", $path, "/{}"), i.$id)))
                        .action(DELETE),
                    $module::delete,
                )
        }
    };
}
children!(
    of_routes,
    routes,
    "routes",
    route_id,
    CreateRoute(CreateRouteRequest),
    GetRoutes(GetRoutesRequest),
    GetRoute(GetRouteRequest),
    UpdateRoute(UpdateRouteRequest),
    DeleteRoute(DeleteRouteRequest)
);
children!(
    of_integrations,
    integrations,
    "integrations",
    integration_id,
    CreateIntegration(CreateIntegrationRequest),
    GetIntegrations(GetIntegrationsRequest),
    GetIntegration(GetIntegrationRequest),
    UpdateIntegration(UpdateIntegrationRequest),
    DeleteIntegration(DeleteIntegrationRequest)
);
children!(
    of_deployments,
    deployments,
    "deployments",
    deployment_id,
    CreateDeployment(CreateDeploymentRequest),
    GetDeployments(GetDeploymentsRequest),
    GetDeployment(GetDeploymentRequest),
    UpdateDeployment(UpdateDeploymentRequest),
    DeleteDeployment(DeleteDeploymentRequest)
);
children!(
    of_authorizers,
    authorizers,
    "authorizers",
    authorizer_id,
    CreateAuthorizer(CreateAuthorizerRequest),
    GetAuthorizers(GetAuthorizersRequest),
    GetAuthorizer(GetAuthorizerRequest),
    UpdateAuthorizer(UpdateAuthorizerRequest),
    DeleteAuthorizer(DeleteAuthorizerRequest)
);

fn stage(cx: &front::Cx, id: &str, name: &str, path: &str) -> Vec<model::Arn> {
    api(cx, id, &format!("/stages/{name}{path}"))
}

fn of_stages(service: Service) -> Service {
    service
        .op::<sdk::CreateStage>(
            Access::on(|cx, i: &sdk::CreateStageRequest| api(cx, &i.api_id, "/stages")).action(POST).keys(|_, i| given(&i.tags)),
            stages::create,
        )
        .op::<sdk::GetStages>(Access::on(|cx, i: &sdk::GetStagesRequest| api(cx, &i.api_id, "/stages")).action(GET), stages::list)
        .op::<sdk::GetStage>(
            Access::on(|cx, i: &sdk::GetStageRequest| stage(cx, &i.api_id, &i.stage_name, "")).action(GET),
            stages::get,
        )
        .op::<sdk::UpdateStage>(
            Access::on(|cx, i: &sdk::UpdateStageRequest| stage(cx, &i.api_id, &i.stage_name, "")).action(PATCH),
            stages::update,
        )
        .op::<sdk::DeleteStage>(
            Access::on(|cx, i: &sdk::DeleteStageRequest| stage(cx, &i.api_id, &i.stage_name, "")).action(DELETE),
            stages::delete,
        )
        .op::<sdk::DeleteAccessLogSettings>(
            Access::on(|cx, i: &sdk::DeleteAccessLogSettingsRequest| stage(cx, &i.api_id, &i.stage_name, "/accesslogsettings"))
                .action(DELETE),
            stages::delete_access_log,
        )
        .op::<sdk::DeleteRouteSettings>(
            Access::on(|cx, i: &sdk::DeleteRouteSettingsRequest| {
                stage(cx, &i.api_id, &i.stage_name, &format!("/routesettings/{}", i.route_key))
            })
            .action(DELETE),
            stages::delete_route_settings,
        )
}

fn of_tags(service: Service) -> Service {
    service
        .op::<sdk::GetTags>(Access::on(|cx, i: &sdk::GetTagsRequest| tags_of(cx, &i.resource_arn)).action(GET), tags::get)
        .op::<sdk::TagResource>(
            Access::on(|cx, i: &sdk::TagResourceRequest| tags_of(cx, &i.resource_arn)).action(POST).keys(|_, i| given(&i.tags)),
            tags::tag,
        )
        .op::<sdk::UntagResource>(
            Access::on(|cx, i: &sdk::UntagResourceRequest| tags_of(cx, &i.resource_arn))
                .action(DELETE)
                .keys(|_, i| front::keys::tag_keys(&i.tag_keys)),
            tags::untag,
        )
}
