// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/plugin_option.hpp"

#include <memory>
#include <stdexcept>

#include "sim/plugin/scheduler_library.hpp"

namespace lvslab::cli {

void add_plugin_option(CLI::App& command, std::vector<std::string>& files) {
    const auto loaded = std::make_shared<std::vector<plugin::SchedulerLibrary>>();
    command
        .add_option_function<std::vector<std::string>>(
            "--scheduler-plugin",
            [loaded, &files](const std::vector<std::string>& named) {
                for (const auto& file : named) {
                    try {
                        loaded->emplace_back(file);
                    } catch (const std::runtime_error& error) {
                        throw CLI::ValidationError("--scheduler-plugin", error.what());
                    }
                    files.push_back(loaded->back().path());
                }
            },
            "a scheduler of your own: a shared library (may be repeated)")
        ->allow_extra_args(false)
        ->type_name("FILE.so");
}

std::vector<std::string> plugin_words(const std::vector<std::string>& files) {
    std::vector<std::string> words;
    for (const auto& file : files) {
        words.insert(words.end(), {"--scheduler-plugin", file});
    }
    return words;
}

}  // namespace lvslab::cli
