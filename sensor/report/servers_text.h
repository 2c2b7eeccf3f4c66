/*
 * report/servers_text - the server ledger for a person at a terminal, or as JSON lines.
 */
#pragma once

#include "judge/ledger.h"

#include <stdio.h>

/* One table, by address and port, and how many were given up; false when there is no memory to sort it. */
bool servers_table(FILE *out, const struct ledger *ledger);

/* One object per line and server, in the same order; a last one with what was given up. */
bool servers_json(FILE *out, const struct ledger *ledger);
