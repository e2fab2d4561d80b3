locals {
  drafts_subscription      = "${var.drafts_topic}-push"
  batch_topic              = "${var.drafts_topic}-batch"
  batch_subscription       = "${var.drafts_topic}-batch-push"
  dead_letter_topic        = "${var.drafts_topic}-dead-letter"
  dead_letter_subscription = "${var.drafts_topic}-dead-letter-push"
  week                     = "604800s"
  month                    = "2678400s"

  # Until there are images nobody is pushed to, so nobody acknowledges: the subscriptions hold what comes in.
  pushes = var.images == null ? {} : { once = google_cloud_run_v2_service.worker[0].uri }
}

# No schema: a message is JSON that the worker checks, and a producer needs no library.
resource "google_pubsub_topic" "requests" {
  name                       = var.drafts_topic
  message_retention_duration = local.week # to be read again by `gcloud pubsub subscriptions seek`
  message_storage_policy { allowed_persistence_regions = [var.region] }
  depends_on = [google_project_service.api]
}

# Requests of batches, files and replays: Pub/Sub keeps one push window for a subscription, and what comes alone shall not wait for theirs.
resource "google_pubsub_topic" "batch" {
  name                       = local.batch_topic
  message_retention_duration = local.week
  message_storage_policy { allowed_persistence_regions = [var.region] }
  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic" "dead_letters" {
  name = local.dead_letter_topic
  message_storage_policy { allowed_persistence_regions = [var.region] }
  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic" "events" {
  count      = var.events_topic == null ? 0 : 1
  name       = var.events_topic
  depends_on = [google_project_service.api]
}

resource "google_pubsub_subscription" "requests" {
  for_each = {
    (local.drafts_subscription) = google_pubsub_topic.requests.id
    (local.batch_subscription)  = google_pubsub_topic.batch.id
  }
  name                       = each.key
  topic                      = each.value
  enable_message_ordering    = true # bounds what is in flight for one mailbox; it cannot be changed later
  ack_deadline_seconds       = 600
  message_retention_duration = local.week
  expiration_policy { ttl = "" } # never: by default it goes after 31 quiet days
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = 100
  }
  dynamic "push_config" {
    for_each = local.pushes
    content {
      push_endpoint = "${push_config.value}/push"
      oidc_token {
        service_account_email = google_service_account.push.email
        audience              = local.worker_audience
      }
      attributes = { "x-goog-version" = "v1" }
    }
  }
  # Without the first of these Pub/Sub would not dead-letter, without the others each push would be refused.
  depends_on = [
    google_pubsub_topic_iam_member.pubsub_publishes_dead_letters,
    google_service_account_iam_member.pubsub_mints_push_tokens,
    google_cloud_run_v2_service_iam_member.push_calls_worker,
  ]
}

resource "google_pubsub_subscription" "dead_letters" {
  name                       = local.dead_letter_subscription
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 600
  message_retention_duration = local.month
  expiration_policy { ttl = "" }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dynamic "push_config" {
    for_each = local.pushes
    content {
      push_endpoint = "${push_config.value}/dead-letters"
      oidc_token {
        service_account_email = google_service_account.push.email
        audience              = local.worker_audience
      }
      attributes = { "x-goog-version" = "v1" }
    }
  }
  depends_on = [
    google_service_account_iam_member.pubsub_mints_push_tokens,
    google_cloud_run_v2_service_iam_member.push_calls_worker,
  ]
}

# The net under the net: a copy of each dead letter, which nothing of ours reads.
resource "google_pubsub_subscription" "dead_letters_kept" {
  name                       = "${var.drafts_topic}-dead-letter-pull"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 60
  message_retention_duration = local.month
  expiration_policy { ttl = "" }
}

resource "google_pubsub_topic_iam_member" "requests_publishers" {
  for_each = merge(
    # The worker publishes what the sweep and a replay take up again.
    { api = google_service_account.api.member, worker = google_service_account.worker.member },
    { for member in var.producers : member => member },
  )
  topic  = google_pubsub_topic.requests.id
  role   = "roles/pubsub.publisher"
  member = each.value
}

# Producers publish what comes alone.
resource "google_pubsub_topic_iam_member" "batch_publishers" {
  for_each = { api = google_service_account.api.member, worker = google_service_account.worker.member }
  topic    = google_pubsub_topic.batch.id
  role     = "roles/pubsub.publisher"
  member   = each.value
}

resource "google_pubsub_topic_iam_member" "worker_publishes_dead_letters" {
  topic  = google_pubsub_topic.dead_letters.id
  role   = "roles/pubsub.publisher"
  member = google_service_account.worker.member
}

resource "google_pubsub_topic_iam_member" "worker_publishes_events" {
  count  = length(google_pubsub_topic.events)
  topic  = google_pubsub_topic.events[0].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.worker.member
}

resource "google_pubsub_topic_iam_member" "pubsub_publishes_dead_letters" {
  topic  = google_pubsub_topic.dead_letters.id
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "pubsub_takes_dead_letters" {
  for_each     = google_pubsub_subscription.requests
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
  lifecycle {
    # A subscription that is made anew begins with an empty policy, and would dead-letter nothing.
    replace_triggered_by = [google_pubsub_subscription.requests[each.key].id]
  }
}
