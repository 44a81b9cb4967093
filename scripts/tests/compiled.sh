# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A tiny kernel that gcc really compiles and whose suite really runs. Sourced after
# harness.sh, not run.

# The kernel knows how a fork copies an entry, and a suite tests it.
new_check_project()
{
	new_project
	rm -f stubs/fixes/* stubs/port/* patches/pmd-swap/*
	rm -f scripts/coverage scripts/cross
	rm -rf "$WORK"/{series,git}
	make_kernel
	cat >kunit/one_kunit.c <<-'EOF'
		#include <stdio.h>
		#include "linux/leafops.h"
		int main(int argc, char **argv)
		{
			struct mm parent = { 512, 512 }, child = { 0, 0 };
			int rss, swap;

			(void)argv;
			(void)argc;
			copy_entry(&child, &parent, 1);
			rss = child.rss;
			copy_entry(&child, &parent, 0);
			swap = child.swapents;
			printf("Linux version 7.3.0-fake\nKTAP version 1\n1..1\n    KTAP version 1\n");
			printf("    # Subtest: one\n    1..2\n");
			if (rss != 512)
				printf("    # one_test_rss: EXPECTATION FAILED at mm/one.c:7\n    Expected 512, is %d\n", rss);
			printf("    %sok 1 one_test_rss\n", rss == 512 ? "" : "not ");
			printf("    %sok 2 one_test_swap\n", swap == 512 ? "" : "not ");
			printf("%sok 1 one\n", rss == 512 && swap == 512 ? "" : "not ");
			return 0;
		}
	EOF
}

make_kernel()
{
	rm -f "$K"/mm/{fix,port,first,second,other,vmstat}.c
	mkdir -p "$K"/{scripts,tools/docs}
	cp "$TOP/scripts/tests/cc_kunit.py" "$K/tools/testing/kunit/kunit.py"
	sed -i '1a config ARCH_HAS_PMD_SOFTLEAVES\n\tbool\n' "$K/mm/Kconfig"
	cat >"$K/include/linux/leafops.h" <<-'EOF'
		struct mm {
			int rss;
			int swapents;
		};
		int copy_entry(struct mm *to, struct mm *from, int present);
		int count(struct mm *mm);
	EOF
	cat >"$K/mm/fork.c" <<-'EOF'
		#include "linux/leafops.h"

		int copy_entry(struct mm *to, struct mm *from, int present)
		{
			if (present)
				to->rss += from->rss;
			else
				to->swapents += from->swapents;
			return 0;
		}
	EOF
	cat >"$K/mm/vmstat.c" <<-'EOF'
		#include "linux/leafops.h"

		/**
		 * count - how many pages an mm has
		 * @mm: which
		 */
		int count(struct mm *mm)
		{
			return mm->rss + mm->swapents;
		}
	EOF
	# Of what checkpatch.pl knows, one thing; of what kernel-doc knows, another.
	cat >"$K/scripts/checkpatch.pl" <<-'EOF'
		my $file = $ARGV[-1];
		open(my $in, '<', $file) or die;
		while (<$in>) {
			print "$file:$.: ERROR:TRAILING_WHITESPACE: trailing whitespace\n" if /^\+.*[ \t]$/;
		}
	EOF
	cat >"$K/tools/docs/kernel-doc" <<-'EOF'
		#!/usr/bin/env python3
		import re, sys
		for name in sys.argv[2:]:
		    text = open(name).read()
		    for doc, arguments in re.findall(r'/\*\*(.*?)\*/\n[^(]*\((.*?)\)', text, re.S):
		        for argument in re.findall(r'(\w+)(?:,|$)', arguments):
		            if f'@{argument}:' not in doc:
		                print(f'Warning: {name}:1 parameter \'{argument}\' not described')
	EOF
	chmod +x "$K/tools/docs/kernel-doc"
	git -C "$K" init -q -b main
	git -C "$K" config user.name 'A Person'
	git -C "$K" config user.email person@localhost
	git -C "$K" add -Af
	git -C "$K" commit -qm base
	cp -a "$K" "$WORK/git"
}
