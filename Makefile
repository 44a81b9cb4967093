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
# make coverage: an earlier commit of this project to compare with.
BASE ?=
# What make check looks at: a folder, a mailbox, or - for standard input; or commits of KDIR.
SERIES ?=
# make check, make coverage: the commits a..b of KDIR in place of our series.
RANGE ?=
# make check, make bench: FAST=1 leaves out what takes long.
FAST ?=
# Which targets of make cross, e.g. ARCH=arm64 or ARCH='x86_64 riscv64'; default: all.
ARCH ?=
# Where everything generated goes.
BUILD ?= build

# scripts/lib.sh takes the folder as the user wrote it: relative to here.
override BUILD := $(abspath $(BUILD))

export SUITE CONFIG KDIR JOBS PROG BASE SERIES RANGE FAST BUILD

.DEFAULT_GOAL := help
# The targets share build/, so one runs after the other.
.NOTPARALLEL:
.PHONY: help run selftest cross coverage test packages fetch prepare config build lint patches bisect check bench clean distclean

help: ## this text
	@echo 'KUnit suites for the softleaf code of Linux, run on User Mode Linux.'
	@echo
	@echo 'Targets:'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12 | sed 's/^/  /'
	@echo
	@echo 'Variables:'
	@echo '  SUITE=glob   only these suites or cases: SUITE=softleaf, SUITE=um_*.fork*'
	@echo '  PROG=glob    only these of the selftests: PROG=pmd_swap, PROG=khugepaged*'
	@echo '  ARCH=name    only these targets of make cross: ARCH=arm64 is all of arm64-*'
	@echo '  CONFIG=name  flavour of the kernel (default: default), one of:'
	@echo '              ' $(sort $(filter-out common small,$(basename $(notdir $(wildcard uml-configs/*.config)))))
	@echo '  KDIR=path    a kernel tree of your own (6.19 or later), never written to'
	@echo '  SERIES=path  make check: a folder or mailbox of patches; - is standard input'
	@echo '  RANGE=a..b   make check, make coverage: these commits of KDIR'
	@echo '  BASE=rev     make coverage: compare with what this commit of the project reached'
	@echo '  FAST=1       make check, make bench: leave out what takes long'
	@echo '  JOBS=n       parallel jobs of the build (default: all processors)'
	@echo '  BUILD=path   where everything generated goes (default: build)'
	@echo
	@echo 'Suites:'
	@echo '   $(sort $(patsubst %_kunit.c,%,$(notdir $(wildcard kunit/*_kunit.c))))'

run: ## install packages, fetch, prepare, build and run the suites
	@scripts/run

selftest: ## build and run the kernel's own mm selftests
	@scripts/selftest

cross: ## build and run the suites for other architectures, under QEMU
	@ARCH='$(ARCH)' scripts/cross

coverage: ## which lines and branches of each patch the suites reach
	@scripts/coverage

test: ## everything that must pass: tooling, lint, patches, flavours, selftests, cross, coverage
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

check: ## is a series ready to be sent? SERIES=, or KDIR= and RANGE=; FAST=1
	@scripts/check

bench: ## from an edit to the verdict: seconds, beside stock kunit.py and QEMU; FAST=1
	@scripts/bench

clean: ## remove the built kernels and results, keep the tree and the download
	@scripts/clean

distclean: ## remove build/ altogether
	@scripts/clean --all
