/*
 * report/unused_print - what is declared and not used, for people and for programs.
 */
#pragma once

#include "observed/unused.h"

#include <stdio.h>

/* "file:line: ..." a line each, under a heading for each kind; days: as they were asked for. */
void unused_print_text(const struct unused *unused, unsigned days, FILE *out);

/* One object: since when, and all items. */
void unused_print_json(const struct unused *unused, unsigned days, FILE *out);
