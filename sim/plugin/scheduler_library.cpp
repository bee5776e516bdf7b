// SPDX-License-Identifier: GPL-2.0-only
#include "sim/plugin/scheduler_library.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "core/ipvs/plugin_scheduler.hpp"
#include "core/ipvs/registered_scheduler.hpp"

namespace lvslab::plugin {
namespace {

struct Close {
    void operator()(void* library) const { dlclose(library); }
};

using Entry = const lvslab_scheduler* (*)();

std::runtime_error refusal(const std::string& path, const std::string& reason) {
    return std::runtime_error(fmt::format("{}: {}", path, reason));
}

const lvslab_scheduler& plugin_of(void* library, const std::string& path) {
    const auto entry = reinterpret_cast<Entry>(dlsym(library, "lvslab_scheduler_plugin"));
    if (entry == nullptr) {
        throw refusal(path, "is no scheduler plug-in: it does not define lvslab_scheduler_plugin");
    }
    const auto* plugin = entry();
    if (plugin == nullptr) {
        throw refusal(path, "lvslab_scheduler_plugin() returned nothing");
    }
    if (plugin->version != LVSLAB_SCHEDULER_PLUGIN_VERSION) {
        throw refusal(path, fmt::format("speaks version {} of the interface, lvslab version {}",
                                        plugin->version, LVSLAB_SCHEDULER_PLUGIN_VERSION));
    }
    if (plugin->name == nullptr || plugin->rule == nullptr || plugin->create == nullptr ||
        plugin->destroy == nullptr || plugin->schedule == nullptr) {
        throw refusal(path, "name, rule, create, destroy or schedule is missing");
    }
    return *plugin;
}

}  // namespace

struct SchedulerLibrary::Parts {
    std::unique_ptr<void, Close> library;
    std::optional<ipvs::RegisteredScheduler> scheduler;
    std::string rule, path;
};

SchedulerLibrary::SchedulerLibrary(const std::string& path) : parts_(std::make_unique<Parts>()) {
    if (path.empty()) {
        throw std::runtime_error("the file's name is empty, expected that of a shared library");
    }
    // With a slash, or the loader would search the system's folders.
    parts_->path = std::filesystem::absolute(path).string();
    parts_->library.reset(dlopen(parts_->path.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (!parts_->library) {
        throw std::runtime_error(dlerror());
    }
    const auto& plugin = plugin_of(parts_->library.get(), path);
    parts_->rule = plugin.rule;
    try {
        parts_->scheduler.emplace(plugin.name, plugin.rule,
                                  [&plugin](const ipvs::SchedulerContext& context) {
                                      return ipvs::make_plugin_scheduler(plugin, context);
                                  });
    } catch (const std::invalid_argument& error) {
        throw refusal(path, error.what());
    }
}

SchedulerLibrary::~SchedulerLibrary() = default;
SchedulerLibrary::SchedulerLibrary(SchedulerLibrary&&) noexcept = default;

const std::string& SchedulerLibrary::name() const {
    return parts_->scheduler->name();
}
const std::string& SchedulerLibrary::rule() const {
    return parts_->rule;
}
const std::string& SchedulerLibrary::path() const {
    return parts_->path;
}

}  // namespace lvslab::plugin
