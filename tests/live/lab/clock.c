/* Preloaded: the wall clock is off by the seconds that a file bears. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *seconds_off;

/* Before the process enters its cage. */
__attribute__((constructor)) static void map_file(void)
{
	const char *path = getenv("CLOCK_FILE");
	const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file >= 0) {
		void *memory = mmap(
			NULL, sizeof(*seconds_off), PROT_READ, MAP_SHARED, file, 0);
		seconds_off = memory == MAP_FAILED ? NULL : memory;
		(void)close(file);
	}
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	const long result = syscall(SYS_clock_gettime, id, now);
	if (result == 0 && id == CLOCK_REALTIME && seconds_off) {
		now->tv_sec += *seconds_off;
	}
	return (int)result;
}
