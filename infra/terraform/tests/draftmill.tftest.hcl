# Without a cloud and without Google's provider: `npm run terraform`, which runs this too.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_resource "google_cloud_run_v2_service" {
    defaults = { uri = "https://service.example.test" }
  }
}

override_resource {
  target = google_service_account.api
  values = { email = "api@example.test", member = "serviceAccount:api@example.test", name = "accounts/api" }
}
override_resource {
  target = google_service_account.worker
  values = { email = "worker@example.test", member = "serviceAccount:worker@example.test", name = "accounts/worker", unique_id = "1042" }
}
override_resource {
  target = google_service_account.push
  values = { email = "push@example.test", member = "serviceAccount:push@example.test", name = "accounts/push" }
}
override_resource {
  target = google_service_account.deployer
  values = { email = "deployer@example.test", member = "serviceAccount:deployer@example.test", name = "accounts/deployer" }
}
override_resource {
  target = google_project_iam_custom_role.jwt_signer
  values = { id = "projects/my-project/roles/draftmill_jwt_signer" }
}
override_resource {
  target = google_pubsub_topic.requests
  values = { id = "topics/requests" }
}
override_resource {
  target = google_pubsub_topic.batch
  values = { id = "topics/batch" }
}
override_resource {
  target = google_pubsub_topic.dead_letters
  values = { id = "topics/dead-letters" }
}

variables {
  project_id   = "my-project"
  state_bucket = "my-state"
  mailboxes    = ["rep@corp.example", "@team.example"]
  images = {
    api    = "r/api@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    worker = "r/worker@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
  }
  callers = [
    { caller = "crm@my-project.iam.gserviceaccount.com", role = "submit", mailboxes = ["@team.example"], draftsPerDay = 2000 },
    { caller = "@corp.example", role = "submit", mailboxes = ["rep@corp.example"] },
    { caller = "admin@corp.example", role = "operate", mailboxes = [] },
  ]
  alert_emails = ["oncall@corp.example"]
  github       = { repository = "corp/draftmill", repository_id = "42" }
}

run "before_there_are_images_the_queue_holds_what_comes" {
  command = apply
  variables { images = null }
  assert {
    condition     = length(google_cloud_run_v2_service.api) + length(google_cloud_run_v2_service.worker) + length(google_cloud_scheduler_job.sweep) == 0
    error_message = "nothing can run without an image"
  }
  assert {
    condition     = alltrue([for s in concat(values(google_pubsub_subscription.requests), [google_pubsub_subscription.dead_letters]) : length(s.push_config) == 0])
    error_message = "a push to what is not there, or to a placeholder, would lose requests"
  }
  assert {
    condition = { for name, s in google_pubsub_subscription.requests : name => [s.topic, s.message_retention_duration] } == {
      draft-requests-push       = ["topics/requests", "604800s"]
      draft-requests-batch-push = ["topics/batch", "604800s"]
    }
    error_message = "a topic without a subscription forgets what is published"
  }
}

run "all_of_it" {
  command = apply

  assert {
    condition     = alltrue([for s in google_pubsub_subscription.requests : s.push_config[0].push_endpoint == "https://service.example.test/push"]) && google_pubsub_subscription.dead_letters.push_config[0].push_endpoint == "https://service.example.test/dead-letters"
    error_message = "pushes go to the two routes of the worker"
  }
  assert {
    condition     = alltrue([for s in concat(values(google_pubsub_subscription.requests), [google_pubsub_subscription.dead_letters]) : s.push_config[0].oidc_token[0].service_account_email == "push@example.test" && contains(google_cloud_run_v2_service.worker[0].custom_audiences, s.push_config[0].oidc_token[0].audience)])
    error_message = "a push carries the push account's token, for an audience that Cloud Run accepts"
  }
  assert {
    condition     = google_cloud_scheduler_job.sweep[0].http_target[0].uri == "https://service.example.test/sweep" && google_cloud_scheduler_job.sweep[0].http_target[0].oidc_token[0].service_account_email == "push@example.test" && contains(google_cloud_run_v2_service.worker[0].custom_audiences, google_cloud_scheduler_job.sweep[0].http_target[0].oidc_token[0].audience)
    error_message = "the sweep is called each minute as the push account"
  }
  assert {
    condition     = alltrue([for s in google_pubsub_subscription.requests : s.ack_deadline_seconds == 600 && s.retry_policy[0].minimum_backoff == "10s" && s.retry_policy[0].maximum_backoff == "600s" && s.enable_message_ordering])
    error_message = "held 540 s at most, tried again after 10 s to 600 s, one in flight for a key"
  }
  assert {
    condition     = alltrue([for s in google_pubsub_subscription.requests : s.dead_letter_policy[0].dead_letter_topic == "topics/dead-letters" && s.dead_letter_policy[0].max_delivery_attempts == 100])
    error_message = "a hundred attempts, then a dead letter"
  }
  assert {
    condition     = alltrue([for s in concat(values(google_pubsub_subscription.requests), [google_pubsub_subscription.dead_letters, google_pubsub_subscription.dead_letters_kept]) : s.expiration_policy[0].ttl == ""])
    error_message = "a subscription that expires takes its messages with it"
  }
  assert {
    condition     = google_pubsub_subscription.dead_letters.topic == "topics/dead-letters" && google_pubsub_subscription.dead_letters_kept.topic == "topics/dead-letters" && google_pubsub_subscription.dead_letters_kept.message_retention_duration == "2678400s" && length(google_pubsub_subscription.dead_letters_kept.push_config) == 0
    error_message = "dead letters are pushed, and kept for 31 days beside"
  }
  assert {
    condition     = google_pubsub_topic_iam_member.pubsub_publishes_dead_letters.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com" && alltrue([for name in keys(google_pubsub_subscription.requests) : google_pubsub_subscription_iam_member.pubsub_takes_dead_letters[name].role == "roles/pubsub.subscriber"])
    error_message = "without these two grants to Pub/Sub's agent nothing is ever dead-lettered"
  }

  assert {
    condition     = alltrue([for s in google_pubsub_subscription.requests : tonumber(trimsuffix(google_cloud_run_v2_service.worker[0].template[0].timeout, "s")) == s.ack_deadline_seconds])
    error_message = "Cloud Run and Pub/Sub give a delivery up at the same time"
  }
  assert {
    condition     = { for name, s in local.alerts : name => s.filter }["requests_waiting"] == "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(\"draft-requests-push\", \"draft-requests-batch-push\") AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
    error_message = "a batch that waits is told as well"
  }
  assert {
    condition     = google_cloud_run_v2_service.worker[0].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && google_cloud_run_v2_service.worker[0].invoker_iam_disabled != true
    error_message = "nobody but this project's Pub/Sub and Scheduler reaches the worker"
  }
  assert {
    condition     = google_cloud_run_v2_service.worker[0].template[0].max_instance_request_concurrency == 320 && google_cloud_run_v2_service.worker[0].template[0].scaling[0].max_instance_count == 3
    error_message = "20 busy mailboxes of 16 keys fit one instance, with two to spare"
  }
  assert {
    condition     = alltrue([for s in [google_cloud_run_v2_service.api[0], google_cloud_run_v2_service.worker[0]] : s.template[0].containers[0].resources[0].cpu_idle == true && s.template[0].containers[0].resources[0].startup_cpu_boost == true])
    error_message = "how a processor is paid for is said, not left to a default"
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.push_calls_worker[0].member == "serviceAccount:push@example.test"
    error_message = "the push account calls the worker"
  }
  assert {
    condition     = google_project_iam_custom_role.jwt_signer.permissions == toset(["iam.serviceAccounts.signJwt"])
    error_message = "the worker signs, and nothing else"
  }
  assert {
    condition     = google_service_account_iam_member.worker_signs_as_itself.service_account_id == "accounts/worker" && google_service_account_iam_member.worker_signs_as_itself.member == "serviceAccount:worker@example.test" && google_service_account_iam_member.worker_signs_as_itself.role == google_project_iam_custom_role.jwt_signer.id
    error_message = "the worker signs as itself and as nobody else"
  }
  assert {
    condition     = google_service_account_iam_member.pubsub_mints_push_tokens.service_account_id == "accounts/push"
    error_message = "Pub/Sub mints tokens of the push account alone"
  }
  assert {
    condition     = google_cloud_run_v2_job.doctor[0].template[0].template[0].service_account == "worker@example.test" && google_cloud_run_v2_job.doctor[0].template[0].template[0].containers[0].args == tolist(["doctor.mjs"])
    error_message = "the doctor looks as the worker"
  }
  assert {
    condition = { for caller, member in google_cloud_run_v2_service_iam_member.callers_call_api : caller => member.member } == {
      "crm@my-project.iam.gserviceaccount.com" = "serviceAccount:crm@my-project.iam.gserviceaccount.com"
      "@corp.example"                          = "domain:corp.example"
      "admin@corp.example"                     = "user:admin@corp.example"
    }
    error_message = "whom the policy names, Cloud Run lets in, and nobody else"
  }
  assert {
    condition     = jsondecode(google_secret_manager_secret_version.callers.secret_data).callers[0] == { caller = "crm@my-project.iam.gserviceaccount.com", role = "submit", mailboxes = ["@team.example"], draftsPerDay = 2000 }
    error_message = "the policy has what is given, and no nulls"
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.github["only"].attribute_condition == "assertion.repository_id == '42' && assertion.ref == 'refs/heads/main'"
    error_message = "one branch of one repository deploys"
  }
  assert {
    condition     = output.delegation == { client_id = "1042", oauth_scopes = "https://www.googleapis.com/auth/gmail.compose" }
    error_message = "what the Workspace administrator pastes"
  }
  assert {
    condition     = output.doctor == "gcloud run jobs execute draftmill-doctor --project=my-project --region=europe-west1 --wait --args=doctor.mjs,--mailbox=rep@corp.example"
    error_message = "the doctor proves a mailbox, and --args names its file again"
  }
}

run "many_mailboxes" {
  command = plan
  variables { busy_mailboxes = 500 }
  assert {
    condition     = google_cloud_run_v2_service.worker[0].template[0].max_instance_request_concurrency == 1000 && google_cloud_run_v2_service.worker[0].template[0].scaling[0].max_instance_count == 10
    error_message = "8,000 in flight are eight instances at Cloud Run's most, with two to spare"
  }
}

run "callers_of_oidc_are_the_apis_own_to_check" {
  command = plan
  variables { api_auth = "oidc" }
  assert {
    condition     = google_cloud_run_v2_service.api[0].invoker_iam_disabled && length(google_cloud_run_v2_service_iam_member.callers_call_api) == 0
    error_message = "with oidc Cloud Run checks nobody"
  }
}

run "refuses_what_would_not_work" {
  command = plan
  variables {
    project_id             = "123456"
    region                 = "europe-west1-b"
    mailboxes              = []
    default_mailbox        = "corp.example"
    images                 = { api = "r/api:latest", worker = "r/worker:latest" }
    callers                = [{ caller = "allUsers", role = "submit", mailboxes = [] }]
    producers              = ["allUsers"]
    api_auth               = "none"
    alert_emails           = ["oncall"]
    oldest_request_minutes = 1
    busy_mailboxes         = 0
    worker_concurrency     = 2000
    prefix                 = "Draftmill"
    state_bucket           = "gs://my-state"
    drafts_topic           = "projects/my-project/topics/draft-requests"
    github                 = { repository = "draftmill", repository_id = "42" }
  }
  expect_failures = [
    var.project_id, var.region, var.mailboxes, var.default_mailbox, var.images, var.callers, var.producers, var.api_auth,
    var.alert_emails, var.oldest_request_minutes, var.busy_mailboxes, var.worker_concurrency, var.prefix, var.drafts_topic, var.github, var.state_bucket,
  ]
}

run "refuses_callers_that_iam_cannot_let_in" {
  command = plan
  variables {
    callers = [{ caller = "@my-project.iam.gserviceaccount.com", role = "submit", mailboxes = [] }]
  }
  expect_failures = [var.callers]
}

run "refuses_a_role_and_a_caller_twice" {
  command = plan
  variables {
    callers = [
      { caller = "ada@corp.example", role = "owner", mailboxes = [] },
      { caller = "Ada@corp.example", role = "submit", mailboxes = [] },
    ]
  }
  expect_failures = [var.callers]
}
