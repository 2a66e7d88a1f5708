// What the worklet's own scope has, and what a browser has that TypeScript does not know yet.
declare const currentFrame: number;
declare const currentTime: number;
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
interface AudioContext {
  readonly playbackStats?: { readonly underrunEvents?: number };
}
