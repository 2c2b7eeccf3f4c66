/*
 * control/page_process - the process that writes the page one looks at: STATE-DIR/www/index.html.
 *
 * Once in a while: reads the observed matrix as the reporter saved it, what is new in the
 * journal, the status page and the matrix in use, and replaces the page as a whole
 * (www/overview). Nobody waits for it: it takes a processor only when no other process
 * wants it, and rests nine times as long as it works. What it needs of the matrix it gives
 * back between two pages; one that is at work when the matrix is replaced is ended.
 */
#pragma once

#include "control/processes.h"
#include "control/sensor.h"

#define PAGE_PROCESS_LOOKS 600 /* of 100 ms: one page of the largest observed matrix */

/*
 * In the supervisor, before it forks: make and open the folder of the page. Where that is
 * not possible it is told, and there is no page.
 */
void page_process_open_folder(struct sensor *sensor);

/* In the process just forked, at its place on the page; never returns. */
void page_process_run(const struct sensor *sensor, unsigned place);
