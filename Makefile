# Short names for what npm and kubectl do; nothing is done here that they do not do.
.DEFAULT_GOAL := help
OVERLAY ?= dev

.PHONY: help start test bench images secrets digests dev deploy delete test-images test-cluster

help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

start: ## Run everything on this machine
	npm start

test: ## Run every check
	npm test

bench: ## Measure
	npm run bench

images: ## Build the images
	npm run images

secrets: ## Make the secret that the overlays need, where it is not there
	npm run kubernetes:secrets

digests: ## Write the digests of an overlay's images into it: make digests OVERLAY=prod
	npm run kubernetes:digests -- kustomize/overlays/$(OVERLAY)

dev: images secrets ## Build, and deploy on one node
	kubectl apply -k kustomize/overlays/dev

deploy: secrets ## Deploy an overlay: make deploy OVERLAY=prod
	npm run kubernetes:digests -- --check kustomize/overlays/$(OVERLAY)
	kubectl apply -k kustomize/overlays/$(OVERLAY)

delete: ## Take an overlay away again, with its namespace, the secret and all data
	kubectl delete -k kustomize/overlays/$(OVERLAY)

test-images: ## Build the images and try them
	npm run test:images

test-cluster: ## Try the overlays on the cluster that kubectl points at
	npm run test:cluster
