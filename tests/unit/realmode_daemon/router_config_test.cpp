// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/router_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>

#include "core/config/parse.hpp"
#include "tests/unit/realmode_daemon/temporary_folder.hpp"

namespace lvslab::realmode {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Address address(std::string_view text) {
    return Address::parse(text).value();
}

std::string lvs_cf(const std::string& primary, const std::string& server = "10.11.12.1") {
    return "serial_no = 1\nprimary = " + primary +
           "\nbackup = 192.0.2.8\nbackup_active = 1\nservice = lvs\nnetwork = nat\n"
           "nat_router = 10.11.12.10 eth1:1\n"
           "virtual shop {\n    active = 1\n    address = 192.0.2.10 eth0:1\n    port = 80\n"
           "    server one {\n        address = " +
           server + "\n        active = 1\n    }\n}\n";
}

class RouterConfig : public testing::Test {
protected:
    std::string write(const std::string& text) const {
        const auto file = folder.path() + "/lvs.cf";
        std::ofstream(file) << text;
        return file;
    }
    static std::string text_of(const std::string& file) {
        std::ifstream in(file);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    TemporaryFolder folder;
};

TEST_F(RouterConfig, IsForTheHostThatHasThePrimarysOrTheBackupsAddress) {
    const auto read = read_lvs_cf(write(lvs_cf("192.0.2.9")));
    ASSERT_TRUE(read) << read.diagnostics.to_string();
    const auto vip = address("192.0.2.10");
    EXPECT_TRUE(check_own_part(read->config, {vip, address("192.0.2.9")}).empty());
    EXPECT_TRUE(check_own_part(read->config, {address("192.0.2.8")}).empty());
    auto by_private = read->config;
    by_private.backup_private = address("10.11.12.8");
    EXPECT_TRUE(check_own_part(by_private, {address("192.0.3.8"), address("10.11.12.8")}).empty())
        << "its public interface is on another network: a router, if a poor one";
    by_private.primary_private = address("10.11.12.9");
    EXPECT_TRUE(check_own_part(by_private, {address("10.11.12.9")}).has_errors())
        << "it would take the part of the backup, without its addresses";
    const auto found = check_own_part(read->config, {vip, address("10.11.12.1")});
    ASSERT_TRUE(found.has_errors());
    EXPECT_EQ(found.items().front().location, (SourceLocation{folder.path() + "/lvs.cf", 2, 11}));
    EXPECT_THAT(found.to_string(), HasSubstr("neither the address of primary (192.0.2.9) nor that "
                                             "of backup (192.0.2.8)"));
}

TEST_F(RouterConfig, OfAnotherHostIsRefusedWithItsLine) {
    ASSERT_THAT(addresses_of_host(), Contains(address("127.0.0.1")));
    EXPECT_TRUE(read_router_config(write(lvs_cf("127.0.0.1"))));
    const auto read = read_router_config(write(lvs_cf("192.0.2.9")));
    EXPECT_FALSE(read);
    EXPECT_THAT(read.diagnostics.to_string(), HasSubstr("lvs.cf:2:11: this host has neither"));
}

// localhost stands for a name that a resolver knows today and not tomorrow.
TEST_F(RouterConfig, InForceIsKeptWithTheAddressesOfItsNames) {
    const auto file = read_lvs_cf(write(lvs_cf("192.0.2.9", "localhost")));
    ASSERT_TRUE(file) << file.diagnostics.to_string();
    const auto kept = folder.path() + "/lvs.cf.in-force";
    ASSERT_EQ(keep_in_force(*file, kept), std::nullopt);
    const auto text = text_of(kept);
    EXPECT_THAT(text, Not(HasSubstr("localhost")));
    const auto again = config::parse(text, kept, {});  // without a resolver
    ASSERT_TRUE(again) << again.diagnostics.to_string();
    EXPECT_EQ(*again, file->config);
}

TEST_F(RouterConfig, InForceIsKeptForNobodyElseToRead) {
    const auto file = read_lvs_cf(write(lvs_cf("192.0.2.9")));
    ASSERT_TRUE(file);
    const auto kept = folder.path() + "/lvs.cf.in-force";
    std::ofstream(kept) << "an older one";
    std::ofstream(kept + ".new") << "one that was cut short";
    std::filesystem::permissions(kept, std::filesystem::perms{0644});
    ASSERT_EQ(keep_in_force(*file, kept), std::nullopt);
    EXPECT_EQ(std::filesystem::status(kept).permissions(), std::filesystem::perms{0600});
    EXPECT_THAT(keep_in_force(*file, "/nowhere/lvs.cf.in-force").value_or(""),
                HasSubstr("/nowhere/lvs.cf.in-force: cannot be written: No such file"));
}

TEST_F(RouterConfig, InForceIsKeptAsItIsIfAValueCannotBePrinted) {
    auto file = read_lvs_cf(write(lvs_cf("192.0.2.9")));
    ASSERT_TRUE(file);
    file->config.rsh_command = "a\nb";
    const auto kept = folder.path() + "/lvs.cf.in-force";
    ASSERT_EQ(keep_in_force(*file, kept), std::nullopt);
    EXPECT_EQ(text_of(kept), file->text);
}

}  // namespace
}  // namespace lvslab::realmode
