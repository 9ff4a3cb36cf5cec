//! Whether a caller who pauses has finished, by the melody of what was said: smart-turn v3.2 on rten.

use std::path::Path;

use rten::{Model, RunOptions};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

mod features;

use crate::SpeechError;
use crate::thread_pool::helper;
use features::{BANDS, FRAMES, Features};

/// A model that hears whether a turn is over. Asked at a pause, on a recogniser thread.
pub(crate) trait TurnModel: Send + Sync {
    /// Probability from 0 to 1 that the caller has finished. `sound` is the turn so far at 16 kHz; of a long one the last 8 s
    /// count.
    fn complete(&self, sound: &[i16]) -> Result<f32, String>;
}

/// The loaded model.
pub(crate) struct SmartTurn {
    model: Model,
    features: Features,
}

impl SmartTurn {
    /// Loads the model from the models directory and tries it.
    pub(crate) fn load(dir: Option<&Path>) -> Result<Self, SpeechError> {
        let path = dir.map(|dir| dir.join(FILE)).filter(|path| path.is_file());
        let path = path.ok_or(SpeechError::TurnModelMissing)?;
        let refused = |reason: String| SpeechError::TurnModelRefused { path: path.clone(), reason };
        let model = Model::load_file(&path).map_err(|error| refused(error.to_string()))?;
        let turn = Self { model, features: Features::new() };
        turn.complete(&[]).map_err(refused)?;
        Ok(turn)
    }
}

impl TurnModel for SmartTurn {
    fn complete(&self, sound: &[i16]) -> Result<f32, String> {
        let input = NdTensor::from_data([1, BANDS, FRAMES], self.features.of(sound));
        let options = RunOptions::default().with_thread_pool(Some(helper()));
        let output =
            self.model.run_one(input.view().into(), Some(options)).map_err(|error| error.to_string())?;
        let output: Tensor<f32> = output.try_into().map_err(|_| "its output is no number")?;
        let complete = output.iter().next().copied().ok_or("it has no output")?;
        if complete.is_finite() {
            Ok(complete.clamp(0.0, 1.0))
        } else {
            Err("its output is no probability".to_owned())
        }
    }
}

/// The quantised variant for processors.
pub(crate) const FILE: &str = "smart-turn-v3.2-cpu.onnx";

#[cfg(test)]
mod tests;
