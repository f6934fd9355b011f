"""Makes the large charts of the comparison, each in Tera and in Helm's language, below the directory given."""

import pathlib
import shutil
import sys

work = pathlib.Path(sys.argv[1])
root = pathlib.Path(__file__).resolve().parent.parent
SMALL = {"tera": root / "charts/python-app", "helm": root / "benches/charts/python-app-helm"}


def small(engine, path):
    """The small chart. Both check the same values against the same schema."""
    shutil.copytree(SMALL[engine], path)
    shutil.copy(SMALL["tera"] / "values.schema.json", path)


def chart(path, name, engine):
    (path / "templates").mkdir(parents=True)
    line = "engine: tera\n" if engine == "tera" else ""
    (path / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n{line}")


def umbrella(engine, count):
    path = work / f"umbrella-{engine}"
    chart(path, "umbrella", engine)
    for index in range(count):
        copy = path / "charts" / f"app-{index}"
        small(engine, copy)
        meta = copy / "Chart.yaml"
        meta.write_text(meta.read_text().replace("name: python-app\n", f"name: app-{index}\n"))


STATEFULSET = """apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: NAME
  labels:
    app: NAME
spec:
  serviceName: NAME
  replicas: REPLICAS
  selector:
    matchLabels:
      app: NAME
  template:
    metadata:
      labels:
        app: NAME
    spec:
      containers:
        - name: app
          image: IMAGE
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: NODE
              value: NAME
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
"""


def many(engine, count):
    path = work / f"objects-{count}-{engine}"
    chart(path, "objects", engine)
    (path / "values.yaml").write_text(f"count: {count}\nreplicas: 3\nimage: registry.example.com/app:1.0.0\n")
    if engine == "tera":
        body = STATEFULSET.replace("NAME", "app-{{ i }}").replace("REPLICAS", "{{ values.replicas }}")
        body = body.replace("IMAGE", "{{ values.image }}")
        text = "{% for i in range(end=values.count) %}\n---\n" + body + "{% endfor %}\n"
    else:
        body = STATEFULSET.replace("NAME", "app-{{ $i }}").replace("REPLICAS", "{{ $.Values.replicas }}")
        body = body.replace("IMAGE", "{{ $.Values.image }}")
        text = "{{- range $i := until (int .Values.count) }}\n---\n" + body + "{{- end }}\n"
    (path / "templates/objects.yaml").write_text(text)


# What a database's StatefulSet looks like: about 2 kB.
DATABASE = """apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: NAME
  namespace: shop
  labels:
    app.kubernetes.io/name: NAME
    app.kubernetes.io/instance: {{ $.Release.Name }}
    app.kubernetes.io/version: {{ $.Values.version | quote }}
spec:
  serviceName: NAME
  replicas: {{ $.Values.replicas }}
  podManagementPolicy: OrderedReady
  selector:
    matchLabels:
      app.kubernetes.io/name: NAME
      app.kubernetes.io/instance: {{ $.Release.Name }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: NAME
        app.kubernetes.io/instance: {{ $.Release.Name }}
        app.kubernetes.io/version: {{ $.Values.version | quote }}
    spec:
      serviceAccountName: NAME
      terminationGracePeriodSeconds: 120
      securityContext:
        fsGroup: 999
        runAsNonRoot: true
      containers:
        - name: database
          image: "registry.example.com/database:{{ $.Values.version }}"
          ports:
            - name: sql
              containerPort: 5432
          env:
            - name: DATA
              value: /var/lib/database/data
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  name: NAME
                  key: password
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
          readinessProbe:
            exec:
              command: [is-ready, --user, database]
            periodSeconds: 5
          livenessProbe:
            tcpSocket:
              port: sql
            initialDelaySeconds: 30
          resources:
            requests:
              cpu: 500m
              memory: 1Gi
            limits:
              memory: 2Gi
          volumeMounts:
            - name: data
              mountPath: /var/lib/database
            - name: config
              mountPath: /etc/database
              readOnly: true
      volumes:
        - name: config
          configMap:
            name: NAME
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 10Gi
"""


def databases(count):
    path = work / f"databases-{count}"
    chart(path, "databases", "helm")
    (path / "values.yaml").write_text(f"count: {count}\nreplicas: 3\nversion: 1.0.0\n")
    body = DATABASE.replace("NAME", "database-{{ $i }}")
    (path / "templates/databases.yaml").write_text(
        "{{- range $i := until (int .Values.count) }}\n---\n" + body + "{{- end }}\n"
    )


for engine in SMALL:
    small(engine, work / f"small-{engine}")
    umbrella(engine, 100)
    many(engine, 100)
    many(engine, 1000)
for count in [100, 1000, 10000]:
    databases(count)
