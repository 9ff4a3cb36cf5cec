//! How likely a frame is speech: silero on rten when its model file is there, else earshot.

use std::path::Path;
use std::sync::Arc;

use callwright_model::{Frame, VoiceActivity};
use rten::{Model, NodeId, RunOptions};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};
use tracing::{error, warn};

use crate::thread_pool::helper;

/// Makes one detector for each leg, all on one model.
pub(crate) enum VoiceActivitySource {
    Silero(Arc<Network>),
    Earshot,
}

impl VoiceActivitySource {
    /// The best there is, with a warning when it is the stand-in.
    pub(crate) fn find(models_dir: Option<&Path>) -> Self {
        let Some(path) = models_dir.map(|dir| dir.join(FILE)) else {
            warn!(
                "no `models_dir` is set: voice activity by the stand-in, which takes background voices for the caller"
            );
            return Self::Earshot;
        };
        match Network::load(&path) {
            Ok(network) => Self::Silero(Arc::new(network)),
            Err(reason) => {
                warn!(
                    path = %path.display(), reason,
                    "voice activity by the stand-in, which takes background voices for the caller: \
                     run `callwright models fetch silero-vad`"
                );
                Self::Earshot
            }
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Silero(_) => "silero",
            Self::Earshot => "earshot",
        }
    }

    pub(crate) fn detector(&self) -> Box<dyn VoiceActivity> {
        match self {
            Self::Silero(network) => Box::new(Silero {
                network: Arc::clone(network),
                state: NdTensor::zeros([2, 1, STATE]),
                window: Vec::with_capacity(CONTEXT + HOP),
                context: [0; CONTEXT],
                probability: 0.0,
                stand_in: None,
            }),
            Self::Earshot => Box::new(Earshot::default()),
        }
    }
}

/// The loaded model.
pub(crate) struct Network {
    model: Model,
    input: NodeId,
    state: NodeId,
    rate: Option<NodeId>,
    output: NodeId,
    next_state: NodeId,
}

impl Network {
    fn load(path: &Path) -> Result<Self, String> {
        if !path.is_file() {
            return Err("the file is not there".to_owned());
        }
        let model = Model::load_file(path).map_err(|error| error.to_string())?;
        let node = |name: &str| model.node_id(name).map_err(|error| error.to_string());
        let network = Self {
            input: node("input")?,
            state: node("state")?,
            rate: node("sr").ok(),
            output: node("output")?,
            next_state: node("stateN")?,
            model,
        };
        network.run(&[0; CONTEXT + HOP], &NdTensor::zeros([2, 1, STATE]))?;
        Ok(network)
    }

    fn run(&self, window: &[i16], state: &NdTensor<f32, 3>) -> Result<(f32, NdTensor<f32, 3>), String> {
        let samples: Vec<f32> = window.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
        let input = NdTensor::from_data([1, CONTEXT + HOP], samples);
        let rate = Tensor::<i32>::from(16_000);
        let mut inputs = vec![(self.input, input.view().into()), (self.state, state.view().into())];
        if let Some(node) = self.rate {
            inputs.push((node, rate.view().into()));
        }
        let options = RunOptions::default().with_thread_pool(Some(helper()));
        let [probability, next] = self
            .model
            .run_n(inputs, [self.output, self.next_state], Some(options))
            .map_err(|error| error.to_string())?;
        let probability: Tensor<f32> = probability.try_into().map_err(|_| "its output is no number")?;
        let next: Tensor<f32> = next.try_into().map_err(|_| "its state is no number")?;
        let next = next.to_vec();
        if next.len() != 2 * STATE {
            return Err(format!("its state has {} numbers", next.len()));
        }
        let probability = probability.iter().next().copied().ok_or("it has no output")?;
        Ok((probability, NdTensor::from_data([2, 1, STATE], next)))
    }
}

/// One leg's detector by silero.
struct Silero {
    network: Arc<Network>,
    state: NdTensor<f32, 3>,
    /// The end of the last window, then samples that do not fill a hop yet.
    window: Vec<i16>,
    context: [i16; CONTEXT],
    probability: f32,
    stand_in: Option<Earshot>,
}

impl Silero {
    fn hop(&mut self) {
        let energy: i64 = self.window[CONTEXT..].iter().map(|&s| i64::from(s) * i64::from(s)).sum();
        self.context.copy_from_slice(&self.window[HOP..]);
        if energy < GATE_ENERGY && self.probability < GATE_PROBABILITY {
            self.probability = 0.0;
            return;
        }
        match self.network.run(&self.window, &self.state) {
            Ok((probability, state)) => {
                self.probability = probability.clamp(0.0, 1.0);
                self.state = state;
            }
            Err(reason) => {
                error!(reason, "the voice activity model failed: this leg goes on with the stand-in");
                self.stand_in = Some(Earshot::default());
            }
        }
    }
}

impl VoiceActivity for Silero {
    fn probability(&mut self, frame: &Frame) -> f32 {
        if let Some(stand_in) = &mut self.stand_in {
            return stand_in.probability(frame);
        }
        for &sample in &frame.0 {
            if self.window.is_empty() {
                self.window.extend_from_slice(&self.context);
            }
            self.window.push(sample);
            if self.window.len() == CONTEXT + HOP {
                self.hop();
                self.window.clear();
            }
        }
        self.probability
    }

    fn reset(&mut self) {
        self.state = NdTensor::zeros([2, 1, STATE]);
        self.window.clear();
        self.context = [0; CONTEXT];
        self.probability = 0.0;
        if let Some(stand_in) = &mut self.stand_in {
            stand_in.reset();
        }
    }
}

/// One leg's detector by earshot, whose weights are part of the program.
struct Earshot {
    detector: Box<earshot::Detector>,
    waiting: Vec<i16>,
    probability: f32,
}

impl Default for Earshot {
    fn default() -> Self {
        Self {
            detector: earshot::Detector::default_boxed(),
            waiting: Vec::with_capacity(EARSHOT_HOP),
            probability: 0.0,
        }
    }
}

impl VoiceActivity for Earshot {
    fn probability(&mut self, frame: &Frame) -> f32 {
        for &sample in &frame.0 {
            self.waiting.push(sample);
            if self.waiting.len() == EARSHOT_HOP {
                self.probability = self.detector.predict_i16(&self.waiting).clamp(0.0, 1.0);
                self.waiting.clear();
            }
        }
        self.probability
    }

    fn reset(&mut self) {
        self.detector.reset();
        self.waiting.clear();
        self.probability = 0.0;
    }
}

/// The variant of the model without branches, which rten can run.
pub(crate) const FILE: &str = "silero_vad_op18_ifless.onnx";
/// What the model takes at 16 kHz: a hop of new samples after the end of the one before.
const HOP: usize = 512;
const CONTEXT: usize = 64;
const STATE: usize = 128;
/// A hop quieter than -65 dBFS is silence without asking the model, unless it was hearing speech: a quiet line costs nothing.
const GATE_ENERGY: i64 = HOP as i64 * 18 * 18;
const GATE_PROBABILITY: f32 = 0.1;
const EARSHOT_HOP: usize = 256;

#[cfg(test)]
mod tests;
