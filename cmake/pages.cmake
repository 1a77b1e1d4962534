# What a binary says of its own command line, made by running it: build/…/man/NAME*.1 and build/…/completion,
# and where they are installed; systemd units.
include_guard(GLOBAL)
include(GNUInstallDirs)

# plumbline_pages(TARGET COMPONENT)
function(plumbline_pages name component)
  set(man ${PROJECT_BINARY_DIR}/man/${name})
  set(completion ${PROJECT_BINARY_DIR}/completion)
  add_custom_command(
    OUTPUT ${man}/${name}.1 ${completion}/${name} ${completion}/_${name} ${completion}/${name}.fish
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${man}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${completion}
    COMMAND ${name} man ${man}
    COMMAND ${name} completion bash > ${completion}/${name}
    COMMAND ${name} completion zsh > ${completion}/_${name}
    COMMAND ${name} completion fish > ${completion}/${name}.fish
    DEPENDS ${name}
    VERBATIM)
  add_custom_target(${name}_pages ALL DEPENDS ${man}/${name}.1)
  install(DIRECTORY ${man}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
  install(FILES ${completion}/${name} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT ${component})
  install(FILES ${completion}/_${name} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT ${component})
  install(FILES ${completion}/${name}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT ${component})
endfunction()

# plumbline_unit(FILE FOLDER COMPONENT): a systemd unit to lib/systemd/FOLDER. As it stands it starts a binary of
# the default prefix; where `cmake --install --prefix` names another, it starts the one that is installed beside it.
function(plumbline_unit file folder component)
  get_filename_component(name ${file} NAME)
  install(CODE "
    file(READ \"${file}\" text)
    string(REPLACE \"/usr/local/bin\" \"\${CMAKE_INSTALL_PREFIX}/bin\" text \"\${text}\")
    file(WRITE \"${PROJECT_BINARY_DIR}/systemd/${name}\" \"\${text}\")
    file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/${folder}\" TYPE FILE FILES \"${PROJECT_BINARY_DIR}/systemd/${name}\")"
          COMPONENT ${component})
endfunction()
