//! Links the two C engines. Their packages install into the linker's default paths on Debian and Ubuntu alike, under the
//! same names: `flite1-dev` and `libpocketsphinx-dev`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CALLWRIGHT_NATIVE_LIB_DIR");
    if let Ok(dir) = std::env::var("CALLWRIGHT_NATIVE_LIB_DIR") {
        println!("cargo:rustc-link-search=native={dir}");
    }
    for library in [
        "pocketsphinx",
        "sphinxbase",
        "flite_cmu_us_slt",
        "flite_cmu_us_rms",
        "flite_cmu_us_awb",
        "flite_cmu_us_kal16",
        "flite_usenglish",
        "flite_cmulex",
        "flite",
    ] {
        println!("cargo:rustc-link-lib=dylib={library}");
    }
}
