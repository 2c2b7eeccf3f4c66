#include "commands/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_NS 500000000ULL

static uint64_t clock_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

void progress_start(struct progress *progress)
{
	*progress = (struct progress){
		.is_shown = isatty(STDERR_FILENO) == 1, .started_ns = clock_ns()};
	progress->drawn_ns = progress->started_ns;
}

static void draw(const struct progress *progress, const struct source *source)
{
	struct source_progress done;
	source_progress(source, &done);
	const double seconds =
		(double)(progress->drawn_ns - progress->started_ns) / 1e9;
	(void)fprintf(stderr, "\r\033[K%.0f MB", (double)done.bytes_read / 1e6);
	if (done.bytes_total > 0 && done.bytes_read > 0) {
		const double share = (double)done.bytes_read / (double)done.bytes_total;
		(void)fprintf(stderr, " of %.0f MB (%.0f %%), %.0f s left",
			(double)done.bytes_total / 1e6, share * 100.0,
			seconds / share - seconds);
	}
	(void)fprintf(stderr, ", %.0f packets/s", (double)done.frames / seconds);
	(void)fflush(stderr);
}

void progress_tick(struct progress *progress, const struct source *source)
{
	if (!progress->is_shown) {
		return;
	}
	const uint64_t now = clock_ns();
	if (now - progress->drawn_ns >= REDRAW_NS) {
		progress->drawn_ns = now;
		progress->is_drawn = true;
		draw(progress, source);
	}
}

void progress_end(struct progress *progress)
{
	if (progress->is_drawn) {
		(void)fprintf(stderr, "\r\033[K");
	}
}
