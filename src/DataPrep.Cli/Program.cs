using System.CommandLine;
using DataPrep.Cli;
using DataPrep.Cli.Doctor;
using DataPrep.Cli.Documents;

EmbeddedKernels.Register();
if (args is ["pack", ..] && Environment.ProcessorCount > 1)
    WarmStart.Begin();

var root = new RootCommand("Makes Filecoin pieces of datasets: UnixFS DAGs in CAR files, their piece commitments, and manifests")
{
    PackCommand.Create(),
    PlanCommand.Create(),
    FinishCommand.Create(),
    MaterializeCommand.Create(),
    StatusCommand.Create(),
    CleanCommand.Create(),
    CommpCommand.Create(),
    LsCommand.Create(),
    CatCommand.Create(),
    ExtractCommand.Create(),
    InspectCommand.Create(),
    IndexCommand.Create(),
    VerifyCommand.Create(),
    ServeCommand.Create(),
    SampleCommand.Create(),
    AuditCommand.Create(),
    ExportCommand.Create(),
    AggregateCommand.Create(),
    DiffCommand.Create(),
    CheckCommand.Create(),
    DistributeCommand.Create(),
    DistributionStatusCommand.Create(),
    ReportCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
    CompletionCommand.Create(),
    DocumentCommand.Create(),
};
CommandHelp.AddTo(root);

return CommandRunner.Run(root, args);
