// Owner of the catalogue: reads templates and classes, stores templates given by API, swaps the
// snapshot that submissions look at. Accepted workflows keep the plan they were accepted with.
//
//   message              reply       what
//   -------------------  ----------  ------------------------------------------------------------
//   catalogue_job{fn}    -           runs fn on the catalogue between two other jobs (port calls)
//   reload (a job)       job->reply  reads the directories again; SIGHUP and POST /template/reload/
//
// State: none beyond the snapshot in context.catalogue. Blocking (files).
#pragma once
#include "actors/catalogue/port.hpp"
#include "actors/catalogue/template_files.hpp"
#include "actors/engine/context.hpp"

#include <caf/actor_system.hpp>

namespace o3::catalogue {

struct options {
  std::vector<template_dir> dirs;  ///< the owned one, if any, is where the API stores
  std::size_t revisions_max = 100; ///< kept of one template
  /// Makes the set of classes anew at each reload.
  std::function<std::shared_ptr<const tasks::registry>()> classes;
};

/// Reads everything once, on the caller's thread, so that a node starts with its catalogue.
void load_now(const engine::context_ptr& ctx, const options& o);
caf::actor spawn_catalogue(caf::actor_system& sys, engine::context_ptr ctx, options o);
std::unique_ptr<port> make_port(engine::context_ptr ctx);

} // namespace o3::catalogue
