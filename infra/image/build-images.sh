#!/usr/bin/env bash
# Builds the images of both services, pushes them, and prints what Terraform wants to know of them:
#
#   infra/image/build-images.sh REPOSITORY TAG > infra/terraform/images.auto.tfvars
#
# Needs Docker; Cloud Build runs it too (cloudbuild.yaml). A base is looked up by its tag and built on by its digest, which
# stands in the log: an image can be built again on the same bases by NODE_DIGEST and RUN_DIGEST.
set -euo pipefail
cd "$(dirname "$0")/../.."
repository=${1:?REPOSITORY, as terraform output -raw image_repository prints it}
tag=${2:?TAG, a new one each time}
export DOCKER_BUILDKIT=1

digest_of() {
  docker pull --quiet "$1" >/dev/null
  docker inspect --format '{{index .RepoDigests 0}}' "$1" | sed 's/.*@//'
}
node=${NODE_DIGEST:-$(digest_of "docker.io/library/node:$(cat .node-version)-bookworm-slim")}
run=${RUN_DIGEST:-$(digest_of gcr.io/distroless/nodejs24-debian13:nonroot)}
echo "bases: NODE_DIGEST=$node RUN_DIGEST=$run" >&2

for service in api worker; do
  docker build --file infra/image/Dockerfile --target "$service" --build-arg "NODE_DIGEST=$node" \
    --build-arg "RUN_DIGEST=$run" --tag "$repository/$service:$tag" . >&2
  docker push --quiet "$repository/$service:$tag" >&2
done

echo "images = {"
for service in api worker; do
  echo "  $service = \"$(docker inspect --format '{{index .RepoDigests 0}}' "$repository/$service:$tag")\""
done
echo "}"
