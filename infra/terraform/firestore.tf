locals {
  # Which queries need these, test/contract/firestore-indexes.test.ts finds out by asking the ledger every question there is.
  firestore = jsondecode(file("${path.module}/firestore-indexes.json"))
}

resource "google_firestore_database" "ledger" {
  name                              = var.prefix
  location_id                       = coalesce(var.firestore_location, var.region)
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC" # the ledger compares and sets, and takes no locks
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_protection ? "ABANDON" : "DELETE"
  depends_on                        = [google_project_service.api]
}

resource "google_firestore_index" "list" {
  for_each   = { for index in local.firestore.indexes : join(".", concat([index.collectionGroup], index.fields[*].fieldPath)) => index }
  database   = google_firestore_database.ledger.name
  collection = each.value.collectionGroup
  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value.fieldPath
      order        = try(fields.value.order, null)
      array_config = try(fields.value.arrayConfig, null)
    }
  }
}

# Firestore indexes each field by itself unless told otherwise. One on a time that only grows is a hot spot, one on a mail's
# record is paid for and never read.
resource "google_firestore_field" "unindexed" {
  for_each   = { for field in local.firestore.fieldOverrides : "${field.collectionGroup}.${field.fieldPath}" => field }
  database   = google_firestore_database.ledger.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath
  index_config {}
  dynamic "ttl_config" {
    for_each = try(each.value.ttl, false) ? [1] : []
    content {}
  }
}

resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.ledger.name
  retention = local.week
  daily_recurrence {}
}
