# SPDX-License-Identifier: GPL-2.0-only
"""The extension module is CMake's to build; what else there is to say stands in pyproject.toml."""
import re
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
VERSION = re.search(r"project\(lvslab VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        build = Path(self.build_temp).resolve()
        options = {
            "CMAKE_BUILD_TYPE": "Release",
            "CMAKE_CXX_FLAGS_RELEASE": "-O2",
            "PYTHON_EXECUTABLE": sys.executable,
            "LVSLAB_PACKET_WORLD": "OFF",
            "LVSLAB_REAL_MODE": "OFF",
            "LVSLAB_TESTS": "OFF",
        }
        defines = [f"-D{name}={value}" for name, value in options.items()]
        subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", *defines], check=True)
        subprocess.run(["cmake", "--build", build, "--target", "lvslab_python"], check=True)
        (built,) = (build / "python" / "lvslab").glob("_lvslab*.so")
        self.copy_file(str(built), self.get_ext_fullpath(extension.name))


setup(
    version=VERSION,
    ext_modules=[Extension("lvslab._lvslab", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
)
