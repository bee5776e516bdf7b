// SPDX-License-Identifier: GPL-2.0-only
/// The page that shows a result: made by a Python program beside this one.
#pragma once

#include <filesystem>

namespace lvslab::cli {

/// This program's own file.
std::filesystem::path own_program();

/// Makes index.html of a comparison's or a run's folder; says on standard error why it could not.
bool make_page(const std::filesystem::path& folder);

}  // namespace lvslab::cli
