/*
 * report/servers_text - the server ledger for a person at a terminal, or as JSON lines.
 */
#pragma once

#include "judge/ledger.h"

#include <stdio.h>

/* One table, by address and port; false when there is no memory to sort it. */
bool servers_table(FILE *out, const struct ledger *ledger);

/* One object per line and server, in the same order. */
bool servers_json(FILE *out, const struct ledger *ledger);
