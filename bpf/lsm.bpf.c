/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs for kernels that run security modules of BPF: an object of its own, since the others need no such kernel. */
#include "lsm.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
