/*
 * report/learn_json - what was learnt, for programs.
 *
 * In: struct learn. Out: one JSON object with all that learn_print writes, its comments
 * included: counts by basket, zones, groups, rows that are proposed or to be asked about
 * with their evidence, and each pair that no such row stands for with the reason.
 */
#pragma once

#include "observed/learn.h"

void learn_print_json(const struct learn *learn, FILE *out);
