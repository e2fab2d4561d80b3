locals {
  channels = [for channel in google_monitoring_notification_channel.email : channel.id]
  runbook = coalesce(
    var.runbook_url,
    var.github == null ? "infra/docs/runbook.md" : "https://github.com/${try(var.github.repository, "")}/blob/${try(var.github.branch, "main")}/infra/docs/runbook.md",
  )
  on_service      = "resource.type = \"cloud_run_revision\" AND metric.type ="
  on_subscription = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id ="
  own             = "logging.googleapis.com/user/${var.prefix}"

  # Each title is a heading of the runbook.
  alerts = {
    requests_dead = {
      title    = "Requests given up after 100 attempts"
      severity = "ERROR"
      filter   = "${local.on_service} \"${local.own}/requests_dead\""
      above    = 0
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
    dead_letters_unread = {
      title    = "Dead letters are not being read"
      severity = "CRITICAL"
      filter   = "${local.on_subscription} \"${local.dead_letter_subscription}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      above    = 900
      align    = "ALIGN_MAX"
      every    = "60s"
      lasting  = "300s"
    }
    requests_waiting = {
      title    = "Requests wait too long"
      severity = "ERROR"
      filter   = "${local.on_subscription} one_of(\"${local.drafts_subscription}\", \"${local.batch_subscription}\") AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      above    = var.oldest_request_minutes * 60
      align    = "ALIGN_MAX"
      every    = "60s"
      lasting  = "300s"
    }
    incident_opened = {
      title    = "Google refuses a mailbox"
      severity = "ERROR"
      filter   = "${local.on_service} \"${local.own}/incidents_opened\""
      above    = 0
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
    foreign_signature = {
      title    = "Somebody else signs as the delegated account"
      severity = "CRITICAL"
      filter   = "resource.type = \"service_account\" AND metric.type = \"${local.own}/foreign_signatures\""
      above    = 0
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
    delegate_changed = {
      title    = "A key or a grant on the delegated account"
      severity = "CRITICAL"
      filter   = "resource.type = \"service_account\" AND metric.type = \"${local.own}/delegate_changes\""
      above    = 0
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
    request_lost = {
      title    = "A request is lost"
      severity = "CRITICAL"
      filter   = "${local.on_service} \"${local.own}/requests_lost\""
      above    = 0
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
    extra_kept = {
      title    = "A second draft was left"
      severity = "WARNING"
      filter   = "${local.on_service} \"${local.own}/extras_kept\""
      above    = 0
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
    pushes_refused = {
      title    = "The worker refuses pushes"
      severity = "ERROR"
      filter   = "${local.on_service} \"${local.own}/pushes_refused\""
      above    = 5
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
    api_errors = {
      title    = "The api answers with errors"
      severity = "ERROR"
      filter   = "${local.on_service} \"run.googleapis.com/request_count\" AND resource.labels.service_name = \"${var.prefix}-api\" AND metric.labels.response_code_class = \"5xx\""
      above    = 5
      align    = "ALIGN_DELTA"
      every    = "300s"
      lasting  = "0s"
    }
  }

  # One request in a hundred may fail for a reason of ours. What would use that up for a month within two days is told
  # at once, within five days by the hour: https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
  allowed_share = 0.01
  burn_rates = {
    fast = { severity = "CRITICAL", times = 14.4, windows = ["3600s", "300s"] }
    slow = { severity = "WARNING", times = 6, windows = ["21600s", "1800s"] }
  }
  burn_title = "Too many drafts fail"
  # There is something to measure once there are images. A policy on a metric that was made in the same minute is refused.
  alerting = var.images == null ? 0 : 1
}

resource "google_monitoring_notification_channel" "email" {
  for_each     = var.alert_emails
  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }
  depends_on   = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each              = { for name, alert in local.alerts : name => alert if local.alerting == 1 }
  display_name          = "${var.prefix}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels
  conditions {
    display_name = each.value.title
    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = each.value.lasting
      aggregations {
        alignment_period     = each.value.every
        per_series_aligner   = each.value.align
        cross_series_reducer = each.value.align == "ALIGN_MAX" ? "REDUCE_MAX" : "REDUCE_SUM"
      }
      trigger { count = 1 }
    }
  }
  alert_strategy { auto_close = "86400s" }
  documentation {
    mime_type = "text/markdown"
    content   = "[${each.value.title}](${local.runbook}#${replace(lower(each.value.title), " ", "-")})"
  }
  depends_on = [google_logging_metric.events, google_logging_metric.foreign_signatures, google_logging_metric.delegate_changes]
}

resource "google_monitoring_alert_policy" "burn" {
  for_each              = { for name, rate in local.burn_rates : name => rate if local.alerting == 1 }
  display_name          = "${var.prefix}: ${local.burn_title} (${each.key})"
  combiner              = "AND"
  severity              = each.value.severity
  notification_channels = local.channels
  dynamic "conditions" {
    for_each = each.value.windows
    content {
      display_name = "${local.burn_title}, over ${conditions.value}"
      condition_threshold {
        filter             = "${local.on_service} \"${local.own}/drafts_failed\""
        denominator_filter = "${local.on_service} \"${local.own}/drafts_ended\""
        comparison         = "COMPARISON_GT"
        threshold_value    = each.value.times * local.allowed_share
        duration           = "0s"
        aggregations {
          alignment_period     = conditions.value
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
        }
        denominator_aggregations {
          alignment_period     = conditions.value
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }
  alert_strategy { auto_close = "86400s" }
  documentation {
    mime_type = "text/markdown"
    content   = "[${local.burn_title}](${local.runbook}#${replace(lower(local.burn_title), " ", "-")})"
  }
  depends_on = [google_logging_metric.events]
}

# No sweep: nothing that was set aside comes back, and nothing that went wrong is put right.
resource "google_monitoring_alert_policy" "sweep_absent" {
  count                 = local.alerting
  display_name          = "${var.prefix}: The sweep does not run"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels
  conditions {
    display_name = "The sweep does not run"
    condition_absent {
      filter   = "${local.on_service} \"${local.own}/sweeps_done\""
      duration = "900s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
      trigger { count = 1 }
    }
  }
  alert_strategy { auto_close = "86400s" }
  documentation {
    mime_type = "text/markdown"
    content   = "[The sweep does not run](${local.runbook}#the-sweep-does-not-run)"
  }
  depends_on = [google_logging_metric.events]
}
