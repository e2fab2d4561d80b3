variable "project_id" {
  description = "The project that everything is made in. One of its own: whoever owns it can act for every mailbox."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "Give the project's ID, as the first column of `gcloud projects list` has it: 6 to 30 lower-case letters, digits and hyphens. It is not the name and not the number."
  }
}

variable "region" {
  description = "Where it runs."
  type        = string
  default     = "europe-west1"
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "Give a region of Cloud Run, such as europe-west1 or us-central1, not a zone: `gcloud run regions list` has them."
  }
}

variable "images" {
  description = "The two images by digest. Null until they are built: then everything is made but what runs them, and the queue holds what comes in."
  type        = object({ api = string, worker = string })
  default     = null
  validation {
    condition     = var.images == null ? true : alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "Name both images by digest, REPOSITORY/NAME@sha256:…, as the build prints them: a tag can come to mean something else."
  }
}

variable "mailboxes" {
  description = "Whose mailboxes may get drafts: addresses, or @domains for everybody in them (MAILBOXES)."
  type        = list(string)
  validation {
    condition     = length(var.mailboxes) > 0 && alltrue([for mailbox in var.mailboxes : can(regex("^[^@\\s,]*@[^@\\s,]+\\.[^@\\s,]+$", mailbox))])
    error_message = "List at least one address (rep@corp.example) or @domain (@sales.corp.example), each as an item of its own."
  }
}

variable "default_mailbox" {
  description = "The mailbox of requests that name none (GMAIL_USER)."
  type        = string
  default     = null
  validation {
    condition     = var.default_mailbox == null ? true : can(regex("^[^@\\s,]+@[^@\\s,]+$", var.default_mailbox))
    error_message = "Give one address, or leave it out: then a request must name its mailbox."
  }
}

variable "callers" {
  description = "Who may call the api, for which mailboxes and how much: the entries of CALLERS_FILE, as the README's section Callers describes them. With api_auth = \"iam\" they are let in by Cloud Run too."
  type = list(object({
    caller            = string
    role              = string
    mailboxes         = list(string)
    requestsPerSecond = optional(number)
    burst             = optional(number)
    draftsPerDay      = optional(number)
  }))
  default = []
  validation {
    condition     = alltrue([for entry in var.callers : contains(["submit", "operate"], entry.role)])
    error_message = "A caller's role is submit (make drafts, read its own) or operate (read everything, order replays)."
  }
  validation {
    condition     = alltrue([for entry in var.callers : can(regex("^[^@\\s:]*@[^@\\s:]+\\.[^@\\s:]+$", entry.caller))])
    error_message = "A caller is an address (crm@my-project.iam.gserviceaccount.com, ada@corp.example) or an @domain, without serviceAccount: or user: before it. allUsers is nobody."
  }
  validation {
    condition     = alltrue([for entry in var.callers : !can(regex("^@.*gserviceaccount\\.com$", entry.caller))])
    error_message = "IAM cannot let in a whole project's service accounts: name each one, as in crm@my-project.iam.gserviceaccount.com."
  }
  validation {
    condition     = length(distinct([for entry in var.callers : lower(entry.caller)])) == length(var.callers)
    error_message = "A caller stands once: put what it may do into one entry."
  }
}

variable "api_auth" {
  description = "iam: Cloud Run checks callers' tokens before anything of ours runs. oidc: the api alone does, and strangers can reach it (AUTH_MODE)."
  type        = string
  default     = "iam"
  validation {
    condition     = contains(["iam", "oidc"], var.api_auth)
    error_message = "Choose iam or oidc. There is no none: on Cloud Run it would let everybody make drafts."
  }
}

variable "producers" {
  description = "IAM members that may publish requests to the topic themselves, as in serviceAccount:crm@my-project.iam.gserviceaccount.com. Each may have drafts made in every mailbox of `mailboxes`."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for member in var.producers : can(regex("^(serviceAccount|group|user|principal|principalSet):", member))])
    error_message = "Write producers as IAM members: serviceAccount:ADDRESS, group:ADDRESS or user:ADDRESS. allUsers and allAuthenticatedUsers may not publish."
  }
}

variable "events_topic" {
  description = "Name of a topic to be made that hears how each request ended (EVENTS_TOPIC). Null: nobody is told."
  type        = string
  default     = null
}

variable "alert_emails" {
  description = "Who is told when a person has to act."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "List e-mail addresses, such as [\"oncall@corp.example\"]; a group's address works too."
  }
}

variable "runbook_url" {
  description = "Where people read infra/docs/runbook.md: alerts link to its headings."
  type        = string
  default     = null
}

variable "oldest_request_minutes" {
  description = "How long a request may wait before somebody is told. More than your longest import takes at Gmail's quota of about ten drafts a second and mailbox."
  type        = number
  default     = 60
  validation {
    condition     = var.oldest_request_minutes >= 10
    error_message = "Give 10 minutes or more: a request may well wait nine in one delivery while its mailbox is paced."
  }
}

variable "busy_mailboxes" {
  description = "How many mailboxes get drafts at the same time. It sizes the worker: 16 requests of each are in flight at most."
  type        = number
  default     = 20
  validation {
    condition     = var.busy_mailboxes >= 1 && var.busy_mailboxes <= 5000 && floor(var.busy_mailboxes) == var.busy_mailboxes
    error_message = "Give a whole number from 1 to 5000. What is beyond waits its turn and is not lost, so an estimate does."
  }
}

variable "worker_concurrency" {
  description = "Requests that one worker instance holds at once. Null: as busy_mailboxes says. Less for drafts with large files, each of which may take 10 MB while it waits."
  type        = number
  default     = null
  validation {
    condition     = var.worker_concurrency == null ? true : var.worker_concurrency >= 1 && var.worker_concurrency <= 1000
    error_message = "Cloud Run takes 1 to 1000 requests for one instance. Leave it out unless drafts carry large files; then 40 is a start."
  }
}

variable "api_min_instances" {
  description = "Instances of the api that are kept ready and paid for. 1 spares the first caller after a pause about a second."
  type        = number
  default     = 0
}

variable "gmail_units_per_minute" {
  description = "Gmail's quota of one user, as IAM & Admin > Quotas shows it for the project (GMAIL_UNITS_PER_MINUTE)."
  type        = number
  default     = 6000
}

variable "state_bucket" {
  description = "The bucket of Terraform's state, which deployments write too."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", var.state_bucket))
    error_message = "Give the name of the bucket that `terraform init` was told of, without gs:// before it."
  }
}

variable "github" {
  description = "Who may deploy from GitHub Actions: repository (owner/name), its number (`gh api repos/OWNER/NAME --jq .id`: a name can be taken over, a number cannot) and the branch. Null: nobody."
  type = object({
    repository    = string
    repository_id = string
    branch        = optional(string, "main")
  })
  default = null
  validation {
    condition     = var.github == null ? true : can(regex("^[\\w.-]+/[\\w.-]+$", var.github.repository)) && can(regex("^[0-9]+$", var.github.repository_id)) && can(regex("^[\\w./-]+$", var.github.branch))
    error_message = "github needs repository = \"owner/name\", repository_id = \"digits\" from `gh api repos/OWNER/NAME --jq .id`, and a branch without quotes."
  }
}

variable "prefix" {
  description = "Start of the names of services and service accounts, so that a second installation fits beside the first."
  type        = string
  default     = "draftmill"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,18}[a-z0-9]$", var.prefix))
    error_message = "Give 4 to 20 lower-case letters, digits and hyphens, a letter first: service accounts' names are made of it and end at 30."
  }
}

variable "drafts_topic" {
  description = "Name of the topic of requests (DRAFTS_TOPIC); its subscriptions, the topic of batches and the dead-letter topic are named after it."
  type        = string
  default     = "draft-requests"
  validation {
    condition     = can(regex("^[a-zA-Z][\\w.~+%-]{2,200}$", var.drafts_topic)) && !startswith(var.drafts_topic, "goog")
    error_message = "Give a topic's name alone, without projects/…/topics/: 3 to 200 letters, digits and hyphens, not beginning with goog."
  }
}

variable "firestore_location" {
  description = "Where the ledger is kept. Null: in the region. eur3 and nam5 are kept in several regions, at twice the price. It cannot be changed."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "false lets `terraform destroy` take the services and the ledger away."
  type        = bool
  default     = true
}
