locals {
  # Each line of log is one JSON object whose message names the event. test/contract/terraform-text.test.ts holds these
  # filters against what the services log.
  log_metrics = {
    drafts_ended = {
      what   = "Requests that ended: as a draft, as a dead letter, or parked."
      labels = ["outcome", "code"]
      filter = "jsonPayload.message=\"draft.settled\" AND (jsonPayload.outcome=\"created\" OR jsonPayload.outcome=\"dead-lettered\" OR (jsonPayload.outcome=\"parked\" AND jsonPayload.code!=\"BATCH_PAUSED\"))"
    }
    drafts_failed = {
      what   = "Of those, the ones that failed for no fault of the request: an administrator has to act."
      labels = ["outcome", "code"]
      filter = "jsonPayload.message=\"draft.settled\" AND ((jsonPayload.outcome=\"dead-lettered\" AND jsonPayload.class=\"admin\") OR (jsonPayload.outcome=\"parked\" AND jsonPayload.code!=\"BATCH_PAUSED\"))"
    }
    deliveries_repeated = {
      what   = "Deliveries that come again: refused, or published once more while their mailbox is left alone."
      labels = ["outcome", "code"]
      filter = "jsonPayload.message=\"draft.settled\" AND (jsonPayload.outcome=\"retry\" OR jsonPayload.outcome=\"handed-back\")"
    }
    requests_dead = {
      what   = "Requests that Pub/Sub gave up after its last attempt."
      labels = ["code"]
      filter = "jsonPayload.message=\"dead-letter.settled\" AND jsonPayload.outcome=\"recorded\" AND jsonPayload.state=\"dead\""
    }
    requests_lost = {
      what   = "Requests that no queue can hold any more and whose content is not on record."
      labels = []
      filter = "jsonPayload.message=\"draft.lost\""
    }
    extras_kept = {
      what   = "Second drafts that somebody has worked on, so that they were left."
      labels = []
      filter = "jsonPayload.message=\"draft.extra-kept\""
    }
    incidents_opened = {
      what   = "Mailboxes that Google began to refuse."
      labels = ["code"]
      filter = "jsonPayload.message=\"incident.opened\""
    }
    pushes_refused = {
      what   = "Calls of the worker that were not our Pub/Sub's."
      labels = ["code"]
      filter = "jsonPayload.message=\"push.refused\""
    }
    sweeps_done = {
      what   = "Sweeps, once a minute."
      labels = []
      filter = "jsonPayload.message=\"sweep.done\""
    }
    api_requests = {
      what   = "Calls of the api, by route and problem code."
      labels = ["route", "status", "code"]
      filter = "jsonPayload.message=\"request.completed\""
    }
  }
}

resource "google_logging_metric" "events" {
  for_each    = local.log_metrics
  name        = "${var.prefix}/${each.key}"
  description = each.value.what
  filter      = "resource.type=\"cloud_run_revision\" AND (resource.labels.service_name=\"${var.prefix}-api\" OR resource.labels.service_name=\"${var.prefix}-worker\") AND ${each.value.filter}"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }
  label_extractors = { for label in each.value.labels : label => "EXTRACT(jsonPayload.${label})" }
  depends_on       = [google_project_service.api]
}

resource "google_logging_metric" "settle_ms" {
  name        = "${var.prefix}/settle_ms"
  description = "How long deliveries took that made a draft, their wait for a turn included."
  filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.prefix}-worker\" AND jsonPayload.message=\"draft.settled\" AND jsonPayload.outcome=\"created\""
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "ms"
  }
  value_extractor = "EXTRACT(jsonPayload.durationMs)"
  bucket_options {
    exponential_buckets {
      num_finite_buckets = 24
      growth_factor      = 2
      scale              = 10
    }
  }
  depends_on = [google_project_service.api]
}

# Signatures by the delegated account that the worker did not ask for. From the audit log of IAM (identities.tf).
resource "google_logging_metric" "foreign_signatures" {
  name        = "${var.prefix}/foreign_signatures"
  description = "Somebody other than the worker signed, or minted a token, as the delegated account."
  filter      = <<-EOT
    resource.type="service_account"
    resource.labels.email_id="${google_service_account.worker.email}"
    protoPayload.serviceName="iamcredentials.googleapis.com"
    protoPayload.methodName=~"SignJwt|SignBlob|GenerateAccessToken|GenerateIdToken"
    protoPayload.authenticationInfo.principalEmail!="${google_service_account.worker.email}"
    protoPayload.authenticationInfo.principalEmail!="${local.run_agent}"
  EOT
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
  depends_on = [google_project_service.api]
}

# Who may do so from now on. Admin activity is always logged.
resource "google_logging_metric" "delegate_changes" {
  name        = "${var.prefix}/delegate_changes"
  description = "A key was made for the delegated account, or a grant on it was changed."
  filter      = <<-EOT
    resource.type="service_account"
    resource.labels.email_id="${google_service_account.worker.email}"
    protoPayload.methodName=~"CreateServiceAccountKey|SetI[Aa][Mm]Policy"
  EOT
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
  depends_on = [google_project_service.api]
}
