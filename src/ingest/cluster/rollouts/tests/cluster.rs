//! A Deployment with its controller, and what a watch tells of both.

use super::*;

/// One object as a watch delivers it.
#[derive(Clone, Debug)]
pub(crate) enum Sight {
    Deployment(DeploymentSight),
    ReplicaSet(ReplicaSetSight),
}

/// One Deployment `cart` of three pods, with its controller.
pub(crate) struct Cluster {
    pub(crate) clock: i64,
    pub(crate) deployment: DeploymentSight,
    pub(crate) replica_sets: Vec<(char, ReplicaSetSight)>,
    pub(crate) template: char,
    /// The note of the last restart, which the template keeps.
    pub(crate) restarted_at: Option<Timestamp>,
    /// The template whose images the next one has.
    images_of: Option<char>,
    pub(crate) is_paused: bool,
    /// Everything that was written, in order.
    pub(crate) log: Vec<Sight>,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        let object = ObjectRef { kind: "Deployment".to_owned(), namespace: "shop".to_owned(), name: "cart".to_owned() };
        let deployment = DeploymentSight {
            uid: "d-1".to_owned(),
            object,
            services: vec!["cart".to_owned()],
            revision: None,
            generation: 0,
            observed_generation: 0,
            wanted_replicas: 3,
            replicas: 0,
            updated_replicas: 0,
            available_replicas: 0,
            progress: None,
            edited_at: None,
        };
        let mut cluster = Cluster {
            clock: 1_000,
            deployment,
            replica_sets: Vec::new(),
            template: ' ',
            restarted_at: None,
            images_of: None,
            is_paused: false,
            log: Vec::new(),
        };
        cluster.apply('a');
        cluster
    }

    pub(crate) fn wait(&mut self, secs: i64) -> &mut Self {
        self.clock += secs;
        self
    }

    pub(crate) fn write(&mut self) {
        self.log.push(Sight::Deployment(self.deployment.clone()));
    }

    pub(crate) fn edit(&mut self) {
        self.deployment.generation += 1;
        self.deployment.edited_at = Some(at(self.clock));
        self.write();
    }

    /// Somebody sets the pod template; the controller answers.
    pub(crate) fn apply(&mut self, template: char) -> &mut Self {
        if self.template != template {
            self.template = template;
            self.edit();
            self.roll();
        }
        self
    }

    /// Somebody returns to the images of an earlier template in one that is new, as when
    /// a commit is reverted that changed more than the images.
    pub(crate) fn revert(&mut self, template: char, to: char) -> &mut Self {
        self.images_of = Some(to);
        self.apply(template)
    }

    /// Somebody notes in the template when the pods are to be restarted, by a
    /// clock that is some seconds ahead.
    pub(crate) fn restart(&mut self, template: char) -> &mut Self {
        self.restarted_at = Some(at(self.clock + 20));
        self.apply(template)
    }

    /// The controller makes or finds the ReplicaSet of the template.
    pub(crate) fn roll(&mut self) {
        let revision = self.deployment.revision.unwrap_or(0) + 1;
        let now = at(self.clock);
        if self.is_paused {
            self.deployment.observed_generation = self.deployment.generation;
            self.write();
            return;
        }
        match self.replica_sets.iter_mut().find(|(template, _)| *template == self.template) {
            Some((_, known)) if known.revision == revision - 1 => {}
            Some((_, known)) => {
                known.earlier_revision = Some(known.revision);
                known.revision = revision;
                self.log.push(Sight::ReplicaSet(known.clone()));
                // The condition and the rest of the status stay as they were.
                self.deployment.revision = Some(revision);
                self.write();
            }
            None => {
                let new = ReplicaSetSight {
                    uid: format!("rs-{}", self.template),
                    deployment_uid: self.deployment.uid.clone(),
                    revision,
                    earlier_revision: None,
                    created_at: now,
                    restarted_at: self.restarted_at,
                    images: vec![format!("cart:{}", self.images_of.take().unwrap_or(self.template))],
                };
                self.replica_sets.push((self.template, new.clone()));
                self.log.push(Sight::ReplicaSet(new));
                self.deployment.revision = Some(revision);
                self.condition(ProgressReason::Other);
                self.write();
            }
        }
        self.deployment.observed_generation = self.deployment.generation;
        self.deployment.updated_replicas = 0;
        self.deployment.replicas = self.deployment.wanted_replicas;
        self.write();
    }

    pub(crate) fn condition(&mut self, reason: ProgressReason) {
        self.deployment.progress = Some(Progress { reason, at: at(self.clock) });
    }

    /// One more pod of the current template is there.
    pub(crate) fn progress(&mut self) -> &mut Self {
        if self.is_rolling() {
            self.deployment.updated_replicas += 1;
            self.condition(ProgressReason::Other);
            self.write();
        }
        self
    }

    pub(crate) fn is_rolling(&self) -> bool {
        !self.is_paused && self.deployment.updated_replicas < self.deployment.wanted_replicas
    }

    pub(crate) fn complete(&mut self) -> &mut Self {
        if self.is_rolling() {
            let wanted = self.deployment.wanted_replicas;
            self.deployment.updated_replicas = wanted;
            self.deployment.available_replicas = wanted;
            self.deployment.replicas = wanted;
            self.condition(ProgressReason::Complete);
            self.write();
        }
        self
    }

    pub(crate) fn miss_the_deadline(&mut self) -> &mut Self {
        if self.is_rolling() {
            self.condition(ProgressReason::DeadlineExceeded);
            self.write();
        }
        self
    }

    /// Through the scale subresource, as an autoscaler does, all pods at once.
    pub(crate) fn scale(&mut self, replicas: i64) -> &mut Self {
        if !self.is_rolling() && self.deployment.updated_replicas == self.deployment.wanted_replicas {
            self.deployment.generation += 1;
            self.deployment.wanted_replicas = replicas;
            self.write();
            self.deployment.observed_generation = self.deployment.generation;
            self.deployment.replicas = replicas;
            self.deployment.updated_replicas = replicas;
            self.deployment.available_replicas = replicas;
            self.write();
        }
        self
    }

    pub(crate) fn pause(&mut self) -> &mut Self {
        self.is_paused = true;
        self.edit();
        self.deployment.observed_generation = self.deployment.generation;
        self.condition(ProgressReason::Other);
        self.write();
        self
    }

    pub(crate) fn resume(&mut self) -> &mut Self {
        self.is_paused = false;
        self.edit();
        self.roll();
        self
    }
}
