// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/good.hpp"
