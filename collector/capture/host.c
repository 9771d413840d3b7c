// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

#include "collector/capture/event_table.h"
#include "common/clock.h"
#include "common/log.h"

static void add_bytes(struct batch *batch, uint32_t type, const void *body, size_t size)
{
	struct record_header *rec =
		batch__add(batch, type, RECORD_ALIGN((uint32_t)(sizeof(*rec) + size)), now_ns());

	if (rec)
		memcpy(rec + 1, body, size);
}

void host_add_facts(const struct options *options, struct batch *batch)
{
	uint64_t utc = clock_ns(CLOCK_REALTIME), mono = now_ns();
	const void *image;
	struct utsname u;
	char text[1024];
	size_t size;
	int len;

	uname(&u);
	len = snprintf(text, sizeof(text),
		       "host=%s\nkernel=%s\nevent=%s\nfrequency=%u\nperiod=%" PRIu64
		       "\nstart_utc_ns=%" PRIu64 "\nutc_offset_ns=%" PRIu64 "\n",
		       u.nodename, u.release, options->event->name, options->frequency,
		       event_period(options), utc, utc - mono);
	add_bytes(batch, RECORD_HOST, text, (size_t)len + 1);
	if (!host_vdso(&image, &size))
		add_bytes(batch, RECORD_VDSO, image, size);
}

/* The text behind room for a header. */
static int read_kallsyms(struct record_header **ret_rec)
{
	scope_fd int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	/* what is not written takes no memory */
	scope_memory char *bytes = malloc(RECORD_MAX_SIZE);
	size_t size = sizeof(**ret_rec);
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (!bytes)
		return -ENOMEM;
	while ((n = read(fd, bytes + size, RECORD_MAX_SIZE - 8 - size)) > 0)
		size += (size_t)n;
	memset(bytes + size, 0, 8);
	*ret_rec = (void *)take_ptr(bytes);
	**ret_rec = (struct record_header){ RECORD_KALLSYMS, RECORD_ALIGN((uint32_t)size + 1),
					    now_ns() };
	return 0;
}

void host_read_kallsyms(record_fn fn, void *ctx)
{
	scope_memory struct record_header *rec = NULL;
	int err = read_kallsyms(&rec);
	const char *text = (const char *)(rec + 1);

	if (err) {
		log_warn("cannot read /proc/kallsyms: %s; kernel frames stay unnamed",
			 strerror(-err));
		return;
	}
	if (!strncmp(text, "0000000000000000", 16) && !strstr(text, "\nffffffff"))
		log_warn("/proc/kallsyms shows no addresses: needs CAP_SYSLOG or "
			 "sysctl kernel.kptr_restrict=0; kernel frames stay unnamed");
	fn(ctx, rec);
}

int host_vdso(const void **ret_image, size_t *ret_size)
{
	unsigned long at = getauxval(AT_SYSINFO_EHDR);
	unsigned long start, end;
	scope_file FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		/* NOLINTNEXTLINE(cert-err34-c): the kernel prints no number that does not fit */
		if (sscanf(line, "%lx-%lx", &start, &end) != 2 || start != at)
			continue;
		*ret_image = (const void *)at;
		*ret_size = end - start;
		return 0;
	}
	return -ENOENT;
}
