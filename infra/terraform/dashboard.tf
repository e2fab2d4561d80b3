locals {
  # Two columns, read from the top: does it work, does anything wait, what goes wrong.
  tiles = [
    {
      title  = "Requests that ended, by outcome"
      chart  = "STACKED_BAR", align = "ALIGN_RATE", reduce = "REDUCE_SUM", by = ["metric.label.\"outcome\""]
      filter = "resource.type=\"cloud_run_revision\" metric.type=\"${local.own}/drafts_ended\""
    },
    {
      title  = "Failures that an administrator ends, by code"
      chart  = "STACKED_BAR", align = "ALIGN_DELTA", reduce = "REDUCE_SUM", by = ["metric.label.\"code\""]
      filter = "resource.type=\"cloud_run_revision\" metric.type=\"${local.own}/drafts_failed\""
    },
    {
      title  = "Requests in the queue"
      chart  = "LINE", align = "ALIGN_MEAN", reduce = "REDUCE_SUM", by = ["resource.label.\"subscription_id\""]
      filter = "resource.type=\"pubsub_subscription\" metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" resource.label.\"subscription_id\"=monitoring.regex.full_match(\"${var.drafts_topic}-.*push\")"
    },
    {
      title  = "Oldest waiting request (s)"
      chart  = "LINE", align = "ALIGN_MAX", reduce = "REDUCE_MAX", by = ["resource.label.\"subscription_id\""]
      filter = "resource.type=\"pubsub_subscription\" metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" resource.label.\"subscription_id\"=monitoring.regex.full_match(\"${var.drafts_topic}-.*push\")"
    },
    {
      title  = "Time of a delivery, 95th percentile (ms)"
      chart  = "LINE", align = "ALIGN_PERCENTILE_95", reduce = "REDUCE_MAX", by = []
      filter = "resource.type=\"cloud_run_revision\" metric.type=\"${local.own}/settle_ms\""
    },
    {
      title  = "Deliveries that come again, by code"
      chart  = "STACKED_BAR", align = "ALIGN_DELTA", reduce = "REDUCE_SUM", by = ["metric.label.\"code\""]
      filter = "resource.type=\"cloud_run_revision\" metric.type=\"${local.own}/deliveries_repeated\""
    },
    {
      title  = "Calls of the api, by status"
      chart  = "STACKED_BAR", align = "ALIGN_RATE", reduce = "REDUCE_SUM", by = ["metric.label.\"status\""]
      filter = "resource.type=\"cloud_run_revision\" metric.type=\"${local.own}/api_requests\""
    },
    {
      title  = "Instances"
      chart  = "LINE", align = "ALIGN_MAX", reduce = "REDUCE_SUM", by = ["resource.label.\"service_name\""]
      filter = "resource.type=\"cloud_run_revision\" metric.type=\"run.googleapis.com/container/instance_count\" resource.label.\"service_name\"=monitoring.regex.full_match(\"${var.prefix}-(api|worker)\")"
    },
    {
      title  = "Memory of the fullest instance"
      chart  = "LINE", align = "ALIGN_PERCENTILE_99", reduce = "REDUCE_MAX", by = ["resource.label.\"service_name\""]
      filter = "resource.type=\"cloud_run_revision\" metric.type=\"run.googleapis.com/container/memory/utilizations\" resource.label.\"service_name\"=monitoring.regex.full_match(\"${var.prefix}-(api|worker)\")"
    },
    {
      title  = "Writes of the ledger a second"
      chart  = "LINE", align = "ALIGN_RATE", reduce = "REDUCE_SUM", by = ["metric.label.\"op\""]
      filter = "resource.type=\"firestore_instance\" metric.type=\"firestore.googleapis.com/document/write_count\""
    },
  ]
}

resource "google_monitoring_dashboard" "draftmill" {
  count = local.alerting
  dashboard_json = jsonencode({
    displayName = "Draftmill (${var.prefix})"
    mosaicLayout = {
      columns = 48
      tiles = [for index, tile in local.tiles : {
        xPos   = index % 2 * 24
        yPos   = floor(index / 2) * 14
        width  = 24
        height = 14
        widget = {
          title = tile.title
          xyChart = {
            dataSets = [{
              plotType = tile.chart
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = tile.filter
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = tile.align
                    crossSeriesReducer = tile.reduce
                    groupByFields      = tile.by
                  }
                }
              }
            }]
          }
        }
      }]
    }
  })
  depends_on = [google_logging_metric.events, google_logging_metric.settle_ms]
}
