# SPDX-License-Identifier: GPL-2.0
# The work is done by scripts/*; each of them has --help.

# Which suites or cases: a kunit.py filter glob, e.g. SUITE=softleaf or 'SUITE=um_*.fork*'.
SUITE ?=
# Flavour of the kernel: the name of a file uml-configs/<name>.config.
CONFIG ?= default
# A kernel tree of your own, in place of Debian's linux-source.
KDIR ?=
# Parallel jobs of the kernel build.
JOBS ?= $(shell nproc)
# Which of the kernel's selftests: a glob, e.g. PROG=pmd_swap or PROG='khugepaged*'.
PROG ?=
# Where everything generated goes.
BUILD ?= build

# scripts/lib.sh takes the folder as the user wrote it: relative to here.
override BUILD := $(abspath $(BUILD))

export SUITE CONFIG KDIR JOBS PROG BUILD

.DEFAULT_GOAL := help
# The targets share build/, so one runs after the other.
.NOTPARALLEL:
.PHONY: help run selftest test packages fetch prepare config build lint patches bisect clean distclean

help: ## this text
	@echo 'KUnit suites for the softleaf code of Linux, run on User Mode Linux.'
	@echo
	@echo 'Targets:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12 | sed 's/^/  /'
	@echo
	@echo 'Variables:'
	@echo '  SUITE=glob   only these suites or cases: SUITE=softleaf, SUITE=um_*.fork*'
	@echo '  PROG=glob    only these of the selftests: PROG=pmd_swap, PROG=khugepaged*'
	@echo '  CONFIG=name  flavour of the kernel (default: default), one of:'
	@echo '              ' $(sort $(filter-out common,$(basename $(notdir $(wildcard uml-configs/*.config)))))
	@echo '  KDIR=path    a kernel tree of your own (6.19 or later), never written to'
	@echo '  JOBS=n       parallel jobs of the build (default: all processors)'
	@echo '  BUILD=path   where everything generated goes (default: build)'
	@echo
	@echo 'Suites:'
	@echo '   $(sort $(patsubst %_kunit.c,%,$(notdir $(wildcard kunit/*_kunit.c))))'

run: ## install packages, fetch, prepare, build and run the suites
	@scripts/run

selftest: ## build and run the kernel's own mm selftests
	@scripts/selftest

test: ## everything that must pass: tooling, lint, patches, all flavours
	@scripts/test

packages: ## install the Debian packages that make run needs
	@scripts/install-packages run

fetch: ## look for a newer base kernel and download it
	@scripts/fetch-base --refresh

prepare: ## bring build/tree up to date
	@scripts/run --until=prepare

config: ## configure the kernel of one flavour
	@scripts/run --until=config

build: ## build the kernel of one flavour
	@scripts/run --until=build

lint: ## shellcheck, pylint and mypy over the scripts
	@scripts/lint

patches: ## git am, checkpatch.pl, sign-offs
	@scripts/check-patches

bisect: ## build and run at each patch of patches/pmd-swap, and print a table
	@scripts/bisect

clean: ## remove the built kernels and results, keep the tree and the download
	@scripts/clean

distclean: ## remove build/ altogether
	@scripts/clean --all
