/*
 * report/grid_print - the grid of declared and seen for people and for programs.
 */
#pragma once

#include "observed/grid.h"

#include <stdio.h>

/*
 * As a cross-table of signs within 80 columns, several under each other where there are
 * many ends, then each cell in words, what is gravest first. A sign never stands for
 * itself by colour alone.
 */
void grid_print_text(const struct grid *grid, FILE *out, bool use_colour);

/* A table of all cells, for a merge request or a wiki. */
void grid_print_markdown(const struct grid *grid, FILE *out);

/*
 * RFC 4180, a line per cell, with a head. What a spreadsheet would take for a formula is
 * written as text.
 */
void grid_print_csv(const struct grid *grid, FILE *out);

/* One object: ends, cells, how many of each state. */
void grid_print_json(const struct grid *grid, FILE *out);
