// SPDX-License-Identifier: GPL-2.0-only
// docs/lvs-cf.md says what the table of directives says.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "core/config/reference.hpp"

namespace lvslab::config {
namespace {

class LvsCfReference : public testing::Test {
protected:
    static std::string page() {
        std::ifstream in(LVSLAB_SOURCE_DIR "/docs/lvs-cf.md");
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static void expect_holds(const std::string& table) {
        EXPECT_NE(page().find('\n' + table), std::string::npos)
            << "docs/lvs-cf.md must hold this table word for word:\n"
            << table;
    }
};

TEST_F(LvsCfReference, HoldsTheTableOfTheTopLevel) {
    expect_holds(reference_table<LvsConfig>());
}

TEST_F(LvsCfReference, HoldsTheTableOfVirtualBlocks) {
    expect_holds(reference_table<VirtualServer>());
}

TEST_F(LvsCfReference, HoldsTheTableOfServerBlocks) {
    expect_holds(reference_table<RealServer>());
}

}  // namespace
}  // namespace lvslab::config
