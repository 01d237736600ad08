// SPDX-License-Identifier: Apache-2.0

/// The viewer's script: data only.
///
/// Points are drawn into an image with a depth for every pixel, so no graphics processor is needed; boxes are drawn over it.
enum ViewerScript {
    static let drawing = """
        const $ = id => document.getElementById(id);
        const canvas = $('view'), context = canvas.getContext('2d');
        const home = {yaw: Math.PI, pitch: 0.55, distance: 55, x: 22, y: 0, z: -1};
        let camera = {...home}, current = 0, least = 0, colourBy = 'z', selected = -1, playing = null;

        // Points of a frame: centimetres as floats in metres, decoded once.
        function points(frame) {
          if (frame.decoded) return frame.decoded;
          const text = atob(frame.points), count = text.length / 8 | 0;
          const bytes = new Uint8Array(text.length);
          for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
          const words = new DataView(bytes.buffer), values = new Float32Array(count * 4);
          for (let i = 0; i < count; i++) {
            for (let axis = 0; axis < 3; axis++) values[4 * i + axis] = words.getInt16(8 * i + 2 * axis, true) / 100;
            values[4 * i + 3] = bytes[8 * i + 6] / 255;
          }
          return frame.decoded = values;
        }

        // Rows of the view: right, up, forward, and the eye.
        function view() {
          const cy = Math.cos(camera.yaw), sy = Math.sin(camera.yaw), cp = Math.cos(camera.pitch), sp = Math.sin(camera.pitch);
          const forward = [-cy * cp, -sy * cp, -sp], right = [-sy, cy, 0];
          const up = [-cy * sp, -sy * sp, cp];
          const eye = [camera.x - forward[0] * camera.distance, camera.y - forward[1] * camera.distance,
            camera.z - forward[2] * camera.distance];
          return {forward, right, up, eye, focal: 0.9 * Math.min(canvas.width, canvas.height * 1.4)};
        }

        function project(v, x, y, z) {
          const dx = x - v.eye[0], dy = y - v.eye[1], dz = z - v.eye[2];
          const depth = dx * v.forward[0] + dy * v.forward[1] + dz * v.forward[2];
          const across = dx * v.right[0] + dy * v.right[1], rise = dx * v.up[0] + dy * v.up[1] + dz * v.up[2];
          return [across, rise, depth];
        }

        const palette = new Uint32Array(256);
        (() => {
          const stops = [[64, 72, 140], [38, 140, 153], [90, 184, 107], [217, 209, 64], [255, 242, 166]];
          for (let i = 0; i < 256; i++) {
            const place = i / 255 * 4, k = Math.min(place | 0, 3), t = place - k;
            const c = stops[k].map((value, axis) => value + t * (stops[k + 1][axis] - value) | 0);
            palette[i] = 255 << 24 | c[2] << 16 | c[1] << 8 | c[0];
          }
        })();

        let image = null, pixels = null, depths = null;
        function drawPoints(v, values) {
          const width = canvas.width, height = canvas.height;
          if (!image || image.width !== width || image.height !== height) {
            image = context.createImageData(width, height);
            pixels = new Uint32Array(image.data.buffer);
            depths = new Float32Array(width * height);
          }
          pixels.fill(0xff17120f);
          depths.fill(1e9);
          const cx = width / 2, cy = height / 2;
          for (let i = 0; i < values.length; i += 4) {
            const x = values[i], y = values[i + 1], z = values[i + 2];
            const dx = x - v.eye[0], dy = y - v.eye[1], dz = z - v.eye[2];
            const depth = dx * v.forward[0] + dy * v.forward[1] + dz * v.forward[2];
            if (depth < 0.3) continue;
            const scale = v.focal / depth;
            const px = cx + (dx * v.right[0] + dy * v.right[1]) * scale | 0;
            const py = cy - (dx * v.up[0] + dy * v.up[1] + dz * v.up[2]) * scale | 0;
            const size = depth < 25 ? 2 : 1;
            const part = colourBy === 'z' ? (z + 2.5) / 4.5 : colourBy === 'i' ? values[i + 3] : Math.hypot(x, y) / 70;
            const colour = palette[Math.max(0, Math.min(255, part * 255 | 0))];
            for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) {
              const qx = px + a, qy = py + b;
              if (qx < 0 || qy < 0 || qx >= width || qy >= height) continue;
              const place = qy * width + qx;
              if (depth < depths[place]) { depths[place] = depth; pixels[place] = colour; }
            }
          }
          context.putImageData(image, 0, 0);
        }

        // A line in space, cut at a plane before the eye.
        function line(v, a, b) {
          let p = project(v, ...a), q = project(v, ...b);
          if (p[2] < 0.3 && q[2] < 0.3) return;
          const cut = (s, t) => { const k = (0.3 - s[2]) / (t[2] - s[2]); return s.map((value, i) => value + k * (t[i] - value)); };
          if (p[2] < 0.3) p = cut(p, q); else if (q[2] < 0.3) q = cut(q, p);
          context.moveTo(canvas.width / 2 + p[0] * v.focal / p[2], canvas.height / 2 - p[1] * v.focal / p[2]);
          context.lineTo(canvas.width / 2 + q[0] * v.focal / q[2], canvas.height / 2 - q[1] * v.focal / q[2]);
        }

        function drawBox(v, box, isSelected) {
          const [x, y, z, l, w, h, yaw, score] = box.v, c = Math.cos(yaw), s = Math.sin(yaw);
          const corner = (u, t, r) => [x + c * u * l / 2 - s * t * w / 2, y + s * u * l / 2 + c * t * w / 2, z + r * h / 2];
          context.strokeStyle = COLOURS[box.k % COLOURS.length];
          context.lineWidth = (isSelected ? 3 : 1.6) * devicePixelRatio;
          context.beginPath();
          for (const r of [-1, 1]) {
            line(v, corner(1, 1, r), corner(-1, 1, r)); line(v, corner(-1, 1, r), corner(-1, -1, r));
            line(v, corner(-1, -1, r), corner(1, -1, r)); line(v, corner(1, -1, r), corner(1, 1, r));
          }
          for (const [u, t] of [[1, 1], [-1, 1], [-1, -1], [1, -1]]) line(v, corner(u, t, -1), corner(u, t, 1));
          line(v, corner(1, 1, -1), corner(1, -1, 1)); line(v, corner(1, -1, -1), corner(1, 1, 1));
          context.stroke();
          const top = project(v, x, y, z + h / 2 + 0.3);
          if (top[2] < 0.3) return;
          context.fillStyle = context.strokeStyle;
          context.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
          context.textAlign = 'center';
          const place = [canvas.width / 2 + top[0] * v.focal / top[2], canvas.height / 2 - top[1] * v.focal / top[2]];
          context.strokeStyle = '#0f1217';
          context.lineWidth = 4 * devicePixelRatio;
          context.strokeText(`${box.c} ${score.toFixed(2)}`, ...place);
          context.fillText(`${box.c} ${score.toFixed(2)}`, ...place);
        }

        function drawGround(v) {
          context.strokeStyle = '#2a303a';
          context.lineWidth = 1;
          context.beginPath();
          for (let radius = 10; radius <= 80; radius += 10) for (let k = 0; k < 72; k++) {
            const a = k * Math.PI / 36, b = (k + 1) * Math.PI / 36;
            line(v, [radius * Math.cos(a), radius * Math.sin(a), -1.73], [radius * Math.cos(b), radius * Math.sin(b), -1.73]);
          }
          context.stroke();
        }

        let scheduled = false;
        function draw() {
          if (scheduled) return;
          scheduled = true;
          requestAnimationFrame(() => {
            scheduled = false;
            const ratio = window.devicePixelRatio || 1;
            const width = innerWidth * ratio | 0, height = innerHeight * ratio | 0;
            if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
            const v = view(), frame = FRAMES[current];
            drawPoints(v, points(frame));
            drawGround(v);
            frame.boxes.forEach((box, i) => { if (box.v[7] >= least) drawBox(v, box, i === selected); });
            document.body.dataset.drawn = current;
          });
        }

        """

    static let controls = """
        function show(index) {
          current = Math.max(0, Math.min(FRAMES.length - 1, index));
          selected = -1;
          const frame = FRAMES[current];
          $('name').textContent = frame.name;
          const part = frame.shown < frame.total ? ` (${frame.shown} shown)` : '';
          $('facts').textContent = `${frame.boxes.length} boxes, ${frame.total} points${part}`;
          $('note').textContent = frame.note;
          $('frame').value = current;
          $('count').textContent = `${current + 1} / ${FRAMES.length}`;
          list();
          draw();
        }

        function list() {
          const table = $('boxes');
          table.textContent = '';
          FRAMES[current].boxes.forEach((box, i) => {
            if (box.v[7] < least) return;
            const row = table.insertRow();
            const name = row.insertCell();
            name.textContent = box.c;
            name.style.color = COLOURS[box.k % COLOURS.length];
            row.insertCell().textContent = box.v[7].toFixed(2);
            row.insertCell().textContent = `${Math.hypot(box.v[0], box.v[1]).toFixed(1)} m`;
            row.onclick = () => {
              selected = i;
              Object.assign(camera, {x: box.v[0], y: box.v[1], z: box.v[2], distance: 16});
              draw();
            };
          });
        }

        function play() {
          if (playing) { clearInterval(playing); playing = null; $('play').textContent = 'play'; return; }
          $('play').textContent = 'pause';
          playing = setInterval(() => show((current + 1) % FRAMES.length), 150);
        }

        let drag = null;
        canvas.addEventListener('pointerdown', event => {
          drag = [event.clientX, event.clientY, event.shiftKey || event.button === 2];
          canvas.setPointerCapture(event.pointerId);
        });
        canvas.addEventListener('pointermove', event => {
          if (!drag) return;
          const dx = event.clientX - drag[0], dy = event.clientY - drag[1];
          if (drag[2]) {
            const step = camera.distance / innerHeight, c = Math.cos(camera.yaw), s = Math.sin(camera.yaw);
            camera.x += (s * dx - c * dy) * step;
            camera.y += (-c * dx - s * dy) * step;
          } else {
            camera.yaw -= dx * 0.006;
            camera.pitch = Math.max(-0.2, Math.min(1.57, camera.pitch + dy * 0.006));
          }
          drag[0] = event.clientX; drag[1] = event.clientY;
          draw();
        });
        canvas.addEventListener('pointerup', () => { drag = null; });
        canvas.addEventListener('contextmenu', event => event.preventDefault());
        canvas.addEventListener('wheel', event => {
          event.preventDefault();
          camera.distance = Math.max(2, Math.min(250, camera.distance * Math.exp(event.deltaY * 0.001)));
          draw();
        }, {passive: false});
        addEventListener('keydown', event => {
          if (event.key === 'ArrowRight') show(current + 1);
          else if (event.key === 'ArrowLeft') show(current - 1);
          else if (event.key === ' ') { event.preventDefault(); play(); }
          else if (event.key === 't' || event.key === 'T') { Object.assign(camera, {pitch: 1.57, yaw: Math.PI, distance: 70}); draw(); }
          else if (event.key === 'r' || event.key === 'R') { camera = {...home}; draw(); }
        });
        addEventListener('resize', draw);
        $('frame').max = FRAMES.length - 1;
        $('frame').oninput = () => show(+$('frame').value);
        $('back').onclick = () => show(current - 1);
        $('next').onclick = () => show(current + 1);
        $('play').onclick = play;
        $('score').oninput = () => { least = +$('score').value; $('least').textContent = least.toFixed(2); list(); draw(); };
        $('colour').onchange = () => { colourBy = $('colour').value; draw(); };
        show(+(location.hash.slice(1) || 0));

        """
}
