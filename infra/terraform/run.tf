locals {
  # Audiences that are known before any URL is, so that nothing has to be deployed twice to learn its own address.
  worker_audience = "https://${var.prefix}-worker.${var.project_id}.internal"
  api_audience    = "https://${var.prefix}-api.${var.project_id}.internal"
  # https://cloud.google.com/run/docs/triggering/https-request#deterministic
  api_url = "https://${var.prefix}-api-${data.google_project.this.number}.${var.region}.run.app"

  # Pub/Sub has one push under way for each ordering key, and the api makes 16 keys for each mailbox.
  ordering_shards      = 16
  in_flight            = local.ordering_shards * var.busy_mailboxes
  worker_concurrency   = coalesce(var.worker_concurrency, min(1000, max(80, local.in_flight)))
  worker_max_instances = ceil(local.in_flight / local.worker_concurrency) + 2
  # What waits holds its message, of 10 MB at most and mostly of a few kB. Whoever sends large files sets worker_concurrency, and has more memory.
  worker_memory = var.worker_concurrency != null || local.worker_concurrency > 500 ? "2Gi" : local.worker_concurrency > 160 ? "1Gi" : "512Mi"

  callers_folder = "/etc/draftmill"

  service_env = merge(
    {
      GOOGLE_CLOUD_PROJECT   = var.project_id
      MAILBOXES              = join(",", var.mailboxes)
      LEDGER_URL             = "firestore:${google_firestore_database.ledger.name}"
      DRAFTS_TOPIC           = google_pubsub_topic.requests.name
      BATCH_TOPIC            = google_pubsub_topic.batch.name
      ORDERING_SHARDS        = tostring(local.ordering_shards)
      GMAIL_UNITS_PER_MINUTE = tostring(var.gmail_units_per_minute)
    },
    var.default_mailbox == null ? {} : { GMAIL_USER = var.default_mailbox },
  )
  api_env = merge(local.service_env, {
    AUTH_MODE     = var.api_auth
    AUTH_AUDIENCE = join(",", [local.api_url, local.api_audience])
    CALLERS_FILE  = "${local.callers_folder}/callers.json"
  })
  worker_env = merge(
    local.service_env,
    {
      GOOGLE_SERVICE_ACCOUNT_EMAIL = google_service_account.worker.email
      DEAD_LETTER_TOPIC            = google_pubsub_topic.dead_letters.name
      PUSH_AUDIENCE                = local.worker_audience
      PUSH_SERVICE_ACCOUNT         = google_service_account.push.email
      DRAFTS_SUBSCRIPTION          = local.drafts_subscription
      BATCH_SUBSCRIPTION           = local.batch_subscription
      DEAD_LETTER_SUBSCRIPTION     = local.dead_letter_subscription
    },
    var.events_topic == null ? {} : { EVENTS_TOPIC = google_pubsub_topic.events[0].name },
  )
}

resource "google_cloud_run_v2_service" "api" {
  count                = var.images == null ? 0 : 1
  name                 = "${var.prefix}-api"
  location             = var.region
  ingress              = "INGRESS_TRAFFIC_ALL"
  custom_audiences     = [local.api_audience]
  invoker_iam_disabled = var.api_auth == "oidc"
  deletion_protection  = var.deletion_protection
  template {
    service_account                  = google_service_account.api.email
    timeout                          = "900s" # a file of 100,000 rows is read as fast as its rows are published
    max_instance_request_concurrency = 80
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    scaling {
      min_instance_count = var.api_min_instances
      max_instance_count = max(10, var.api_min_instances)
    }
    volumes {
      name = "callers"
      secret {
        secret = google_secret_manager_secret.callers.secret_id
        items {
          path    = "callers.json"
          version = google_secret_manager_secret_version.callers.version
        }
      }
    }
    containers {
      image = var.images.api
      resources {
        limits = { cpu = "1", memory = "1Gi" }
        # Paid by the request: the api waits for Pub/Sub before it answers, and what a replay has left to do when its
        # processor is taken away, the worker's sweep takes up.
        cpu_idle          = true
        startup_cpu_boost = true
      }
      ports { container_port = 8080 }
      volume_mounts {
        name       = "callers"
        mount_path = local.callers_folder
      }
      startup_probe {
        http_get { path = "/health/live" }
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 30
      }
      liveness_probe {
        http_get { path = "/health/live" }
        period_seconds    = 30
        timeout_seconds   = 10
        failure_threshold = 3
      }
      dynamic "env" {
        for_each = local.api_env
        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }
  depends_on = [
    google_pubsub_topic_iam_member.requests_publishers,
    google_pubsub_topic_iam_member.batch_publishers,
    google_project_iam_member.ledger,
    google_secret_manager_secret_iam_member.api_reads_callers,
  ]
}

resource "google_cloud_run_v2_service" "worker" {
  count               = var.images == null ? 0 : 1
  name                = "${var.prefix}-worker"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY" # Pub/Sub and Scheduler of this project count as internal, by the run.app URL
  custom_audiences    = [local.worker_audience]
  deletion_protection = var.deletion_protection
  template {
    service_account                  = google_service_account.worker.email
    timeout                          = "600s" # as the ack deadline; a delivery gives up its wait after 540 s
    max_instance_request_concurrency = local.worker_concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    scaling {
      min_instance_count = 0
      max_instance_count = local.worker_max_instances
    }
    containers {
      image = var.images.worker
      resources {
        limits            = { cpu = "1", memory = local.worker_memory }
        cpu_idle          = true # it does nothing outside a push or a sweep
        startup_cpu_boost = true
      }
      ports { container_port = 8080 }
      startup_probe {
        http_get { path = "/health/live" }
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 30
      }
      liveness_probe {
        http_get { path = "/health/live" }
        period_seconds    = 30
        timeout_seconds   = 10
        failure_threshold = 6 # hundreds of requests may wait in it: it is given three minutes
      }
      dynamic "env" {
        for_each = local.worker_env
        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }
  depends_on = [
    google_service_account_iam_member.worker_signs_as_itself,
    google_pubsub_topic_iam_member.worker_publishes_dead_letters,
    google_project_iam_member.ledger,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "push_calls_worker" {
  count    = length(google_cloud_run_v2_service.worker)
  name     = google_cloud_run_v2_service.worker[0].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

resource "google_cloud_run_v2_service_iam_member" "callers_call_api" {
  for_each = var.images == null || var.api_auth != "iam" ? {} : local.invokers
  name     = google_cloud_run_v2_service.api[0].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value
}

resource "google_cloud_scheduler_job" "sweep" {
  count            = length(google_cloud_run_v2_service.worker)
  name             = "${var.prefix}-sweep"
  description      = "Once a minute: what needs a clock"
  schedule         = "* * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s" # a sweep stops itself after 50 s
  http_target {
    http_method = "POST"
    uri         = "${google_cloud_run_v2_service.worker[0].uri}/sweep"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.worker_audience
    }
  }
  depends_on = [google_cloud_run_v2_service_iam_member.push_calls_worker]
}

# As the worker, so that no person needs the right to sign as it: gcloud run jobs execute PREFIX-doctor --wait
resource "google_cloud_run_v2_job" "doctor" {
  count               = length(google_cloud_run_v2_service.worker)
  name                = "${var.prefix}-doctor"
  location            = var.region
  deletion_protection = false
  template {
    template {
      service_account = google_service_account.worker.email
      max_retries     = 0
      timeout         = "300s"
      containers {
        image = var.images.worker
        args  = ["doctor.mjs"]
        resources { limits = { cpu = "1", memory = "512Mi" } }
        dynamic "env" {
          for_each = local.worker_env
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }
}
